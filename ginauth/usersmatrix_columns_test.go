package ginauth_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/gin-contrib/sessions"
	cookiestore "github.com/gin-contrib/sessions/cookie"
	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/memory"
	"github.com/ginauth/ginauth/store/storetest"
)

// subscriber embeds our user type and has a column of the app's.
type subscriber struct {
	store.User

	Plan string `db:"plan"`
}

// place is where a column's sessions are.
type place string

const (
	inPostgreSQL place = "PostgreSQL"
	inRedis      place = "redis"
	inCookie     place = "a cookie store"
	inProcess    place = "memory"
)

var places = []place{inPostgreSQL, inRedis, inCookie, inProcess}

// others returns the store of gin-contrib at a place, nil where there is none.
func (p place) others(t *testing.T) sessions.Store {
	t.Helper()
	switch p {
	case inRedis:
		return openRedis(t, shared(t, sharedRedis), t.Name(), time.Minute)
	case inCookie:
		return cookiestore.NewStore(signingKey, encryptionKey)
	case inPostgreSQL, inProcess: // the users' own store, or that of the column
	}
	return nil
}

// base is what the app of a column is made of. A column that Go does not compile has refused.
type base[U any] struct {
	ginauth.Options[U]
	create  func(context.Context, driver.NewUser) (U, error)
	refused string
}

// usersColumn is one way to have users.
type usersColumn struct {
	name string
	run  func(t *testing.T, at place) map[string]outcome
}

func columnOf[U any](name string, in func(t *testing.T, pool *pgxpool.Pool, at place) base[U]) usersColumn {
	return usersColumn{name, func(t *testing.T, at place) map[string]outcome {
		t.Helper()
		pool := storetest.NewDB(t)
		execute(t, pool, `ALTER TABLE ginauth.users ADD COLUMN plan text NOT NULL DEFAULT 'free';
CREATE TABLE members (
	member_id bigint GENERATED ALWAYS AS IDENTITY (START 5000000001) PRIMARY KEY, mail text NOT NULL UNIQUE, pw text,
	full_name text, nick text UNIQUE, confirmed_at timestamptz, deleted_at timestamptz
)`)
		return outcomesOf(t, in(t, pool, at), at)
	}}
}

var usersColumns = []usersColumn{
	columnOf("ours", ours[user]),
	columnOf("embedded", ours[subscriber]),
	columnOf("mapped table", mapped),
	columnOf("`FindUser`", func(t *testing.T, pool *pgxpool.Pool, at place) base[clubber] {
		t.Helper()
		m := &club{pool: pool}
		return m.elsewhere(t, at, ginauth.Options[clubber]{FindUser: m.FindUser})
	}),
	columnOf("`RetrieveUser`", func(t *testing.T, pool *pgxpool.Pool, at place) base[clubber] {
		t.Helper()
		m := &club{pool: pool}
		return m.elsewhere(t, at, ginauth.Options[clubber]{RetrieveUser: func(c *gin.Context, s sessions.Session) (clubber, error) {
			id, _ := s.Get("member").(string)
			return m.FindUser(c, driver.UserID(id))
		}})
	}),
	columnOf("own `Users`", func(t *testing.T, pool *pgxpool.Pool, at place) base[clubber] {
		t.Helper()
		m := &club{pool: pool}
		return m.elsewhere(t, at, ginauth.Options[clubber]{Users: m})
	}),
}

func creator[U any](users driver.Users[U]) func(context.Context, driver.NewUser) (U, error) {
	return func(ctx context.Context, n driver.NewUser) (U, error) { return users.CreateUser(ctx, n, nil) }
}

func ours[U any](t *testing.T, pool *pgxpool.Pool, at place) base[U] {
	t.Helper()
	var users driver.Users[U] = store.New[U](pool, store.WithTimeout(time.Minute))
	if at == inProcess {
		users = memory.New(memory.Options[U]{})
	}
	return base[U]{Options: ginauth.Options[U]{Users: users, Sessions: at.others(t)}, create: creator(users)}
}

func mapped(t *testing.T, pool *pgxpool.Pool, at place) base[user] {
	t.Helper()
	users, err := store.NewTable[user](t.Context(), pool, "members", store.Columns{
		ID: "member_id", Email: "mail", Username: "nick", PasswordHash: "pw", Name: "full_name", VerifiedAt: "confirmed_at", DisabledAt: "deleted_at",
	}, store.WithTimeout(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	return base[user]{Options: ginauth.Options[user]{Users: users, Sessions: at.others(t)}, create: creator(users), refused: at.refuses(memory.New(memory.Options[user]{}))}
}

// elsewhere are users whom the app finds, with their sessions at a place.
func (m *club) elsewhere(t *testing.T, at place, o ginauth.Options[clubber]) base[clubber] {
	t.Helper()
	o.Sessions = at.others(t)
	if at == inPostgreSQL {
		o.Sessions = store.NewExternal(m.pool, store.WithTimeout(time.Minute))
	}
	return base[clubber]{Options: o, create: creator(driver.Users[clubber](m)), refused: at.refuses(memory.NewExternal(memory.ExternalOptions{}))}
}

// refuses says why the memory store cannot be Options.Sessions, beside users that are not its own.
func (p place) refuses(store any) string {
	if _, ok := store.(sessions.Store); ok || p != inProcess {
		return ""
	}
	return fmt.Sprintf("Go does not compile it: a %T is no sessions.Store, so Options.Sessions does not take it. Give memory.New to Options.Users", store)
}
