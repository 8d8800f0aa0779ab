package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"time"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	pw "github.com/ginauth/ginauth/ginauth/password"
	"github.com/ginauth/ginauth/migrations"
	"github.com/ginauth/ginauth/store"
)

var ginauthContender = contender{
	name: "ginauth", note: "ginauth.Session, Login and Me, sessions.Default for the value", values: true,
	preload: preloadGinauth,
	handler: func(ctx context.Context, e *env) (http.Handler, error) {
		return ginauthHandler(ctx, e, func() (driver.Users[store.User], error) { return store.New[store.User](e.pool), nil })
	},
}

// The users of the others' table, in place of ginauth's own.
var ginauthTableContender = contender{
	name: "ginauth-table", note: "the same on the others' users table, by store.NewTable", values: true, extra: true,
	preload: preloadGinauthTable,
	handler: func(ctx context.Context, e *env) (http.Handler, error) {
		return ginauthHandler(ctx, e, func() (driver.Users[store.User], error) { return ginauthTable(ctx, e) })
	},
}

func ginauthTable(ctx context.Context, e *env) (*store.Table[store.User], error) {
	return store.NewTable[store.User](ctx, e.pool, "public.users", store.Columns{ID: "id", Email: "email", PasswordHash: "password", Name: "name"})
}

func ginauthHandler(ctx context.Context, e *env, open func() (driver.Users[store.User], error)) (http.Handler, error) {
	if err := migrations.Up(ctx, e.pool); err != nil {
		return nil, err
	}
	hasher, err := ginauthHasher(e)
	if err != nil {
		return nil, err
	}
	users, err := open()
	if err != nil {
		return nil, err
	}
	cfg, err := ginauth.New(ginauth.Options[store.User]{
		Users: users, Passwords: hasher,
		Lifetime: lifetime, IdleTimeout: lifetime,
		Limits: ginauth.Limits{InsecureUnlimited: true}, // the others have none, and all load comes from one address
	})
	if err != nil {
		return nil, err
	}
	r := newEngine()
	r.Use(ginauth.Session(cfg))
	r.POST("/signup", ginauth.SignUp(cfg))
	r.POST("/login", ginauth.Login(cfg))
	r.POST("/logout", ginauth.Logout(cfg))
	r.GET("/me", ginauth.Me(cfg))
	valueRoutes(r,
		func(c *gin.Context) (string, error) {
			value, _ := sessions.Default(c).Get("value").(string)
			return value, nil
		},
		func(c *gin.Context, value string) error {
			sessions.Default(c).Set("value", value)
			return nil // saved before the answer
		})
	return r, nil
}

// ginauthHasher has the others' parameters. The others hash as often at once as there are
// requests; ginauth hashes as often as there are CPUs, and the rest wait.
func ginauthHasher(e *env) (*pw.Hasher, error) {
	return pw.New(pw.Options{Params: pw.Params{MemoryKiB: e.hash.memory, Passes: e.hash.time}, MaxWait: time.Minute})
}

func preloadGinauth(ctx context.Context, e *env, users []user) ([]string, error) {
	if err := migrations.Up(ctx, e.pool); err != nil {
		return nil, err
	}
	if _, err := e.pool.Exec(ctx, "DELETE FROM ginauth.users WHERE external_id IS NULL"); err != nil {
		return nil, err
	}
	hasher, err := ginauthHasher(e)
	if err != nil {
		return nil, err
	}
	hash, err := hasher.Hash(ctx, password)
	if err != nil {
		return nil, err
	}
	_, err = e.pool.CopyFrom(ctx, pgx.Identifier{"ginauth", "users"},
		[]string{"id", "email", "email_canonical", "name", "password_hash"},
		pgx.CopyFromSlice(len(users), func(i int) ([]any, error) {
			return []any{users[i].ID, users[i].Email, users[i].Email, users[i].Name, hash.Reveal()}, nil
		}))
	if err != nil {
		return nil, err
	}
	cookies := make([]string, len(users))
	rows := make([]ginauthSession, len(users))
	for i, u := range users {
		token := preloadToken(i)
		h, _ := tokenHash(token)
		cookies[i] = "__Host-session=" + token
		rows[i] = ginauthSession{digest: h[:], id: u.ID, userID: &users[i].ID, data: map[string]string{"value": u.Name}}
	}
	return cookies, copyGinauthSessions(ctx, e, rows)
}

// preloadGinauthTable lets the store make the shadow rows.
func preloadGinauthTable(ctx context.Context, e *env, users []user) ([]string, error) {
	if err := migrations.Up(ctx, e.pool); err != nil {
		return nil, err
	}
	if _, err := e.pool.Exec(ctx, "DELETE FROM ginauth.users WHERE external_id IS NOT NULL"); err != nil {
		return nil, err
	}
	table, err := ginauthTable(ctx, e)
	if err != nil {
		return nil, err
	}
	cookies := make([]string, len(users))
	for i, u := range users {
		token := preloadToken(len(users) + i) // ginauth has those before
		h, _ := tokenHash(token)
		cookies[i] = "__Host-session=" + token
		data, err := json.Marshal(map[string]string{"value": u.Name})
		if err != nil {
			return nil, err
		}
		n := driver.NewSession{Digest: driver.Digest(h), UserID: driver.UserID(u.ID), Data: data, Lifetime: lifetime, IdleTimeout: lifetime}
		if _, err := table.CreateSession(ctx, n); err != nil {
			return nil, err
		}
	}
	_, err = e.pool.Exec(ctx, "UPDATE ginauth.sessions SET last_seen_at = $1", seen())
	return cookies, err
}

// ginauthStore is ginauth's store in the place of gin-contrib's own, in an app without ginauth.Session.
func ginauthStore(ctx context.Context, e *env) (sessions.Store, error) {
	return store.NewSessions(e.pool), migrations.Up(ctx, e.pool)
}

// The store ties a token to its cookie's name, so that these sessions are none of ginauth.Session's.
func preloadGinauthStore(ctx context.Context, e *env, users []user) ([]string, error) {
	if err := migrations.Up(ctx, e.pool); err != nil {
		return nil, err
	}
	if _, err := e.pool.Exec(ctx, "DELETE FROM ginauth.sessions WHERE user_id IS NULL"); err != nil {
		return nil, err
	}
	cookies := make([]string, len(users))
	rows := make([]ginauthSession, len(users))
	for i, u := range users {
		token := preloadToken(i)
		h, _ := tokenHash(token)
		digest := sha256.Sum256(append(h[:], "session"...))
		id := sha256.Sum256([]byte(u.ID))
		cookies[i] = "session=" + token
		rows[i] = ginauthSession{digest: digest[:], id: [16]byte(id[:16]), data: map[string]string{"uid": u.ID, "value": u.Name}}
	}
	return cookies, copyGinauthSessions(ctx, e, rows)
}

// seen is when preloaded sessions were last used: so late that none is due for being marked as
// used, once per interval, while reads are measured.
func seen() time.Time { return time.Now().Add(time.Hour) }

type ginauthSession struct {
	digest []byte
	id     any
	userID *string
	data   map[string]string
}

func copyGinauthSessions(ctx context.Context, e *env, rows []ginauthSession) error {
	now := time.Now()
	_, err := e.pool.CopyFrom(ctx, pgx.Identifier{"ginauth", "sessions"},
		[]string{"digest", "id", "user_id", "data", "created_at", "authenticated_at", "last_seen_at", "idle_timeout", "expires_at"},
		pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) {
			data, err := json.Marshal(rows[i].data)
			return []any{rows[i].digest, rows[i].id, rows[i].userID, data, now, now, seen(), lifetime, now.Add(lifetime)}, err
		}))
	return err
}
