package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// A contender is one way to build POST /signup, POST /login, POST /logout and GET /me, and,
// if it keeps values, GET and POST /value. GET /me must answer 200 with exactly
// json.Marshal(user), and GET /value with the session's value: the load client compares every byte.
type contender struct {
	name string
	note string
	// preload empties the contender's session table, stores one session per user, with the user's
	// name as its value, and returns the Cookie header of each, or the header that header names.
	preload func(ctx context.Context, e *env, users []user) ([]string, error)
	// handler builds the server; it runs in a process of its own.
	handler func(ctx context.Context, e *env) (http.Handler, error)
	// header holds the credential: "Authorization", or Cookie if empty.
	header string
	// anonymous: /me answers users[0] to everybody (limit-0).
	anonymous bool
	// values: sessions hold values.
	values bool
	// extra: runs only when -only names it.
	extra bool
}

// contenders in the order of the report.
var contenders = []contender{
	limit0,
	opaque("limit-1", "Gin + one prepared SELECT session JOIN user", directLookup),
	opaque("limit-1-any", "limit-1, concurrent lookups coalesced into one = ANY($1)", coalescedLookup).without(),
	opaque("limit-1-touch", "limit-1 that also writes last_seen on every request (one CTE)", touchLookup).without().onlyIfNamed(),
	opaque("limit-2", "limit-1 behind otter/v2, dropped by LISTEN/NOTIFY, TTL 10 s as backstop", cachedLookup).without().onlyIfNamed(),
	ginauthContender,
	ginauthTableContender,
	ginContrib("ginauth-store", "gin-contrib/sessions + ginauth's PostgreSQL store, then user by id", ginauthStore, preloadGinauthStore, false),
	scsContender("scs", "scs v2 + pgxstore, then user by id", 0),
	scsContender("scs-idle", "the same with IdleTimeout (scs writes on every request)", 30*time.Minute),
	ginContrib("gc-pg", "gin-contrib/sessions + its postgres store (lib/pq), then user by id", pgStore, preloadPGStore, false),
	ginContrib("gc-pg-save", "the same, session saved on every request", pgStore, preloadPGStore, true).onlyIfNamed(),
	ginContrib("gc-cookie", "gin-contrib/sessions signed cookie (no revocation), then user by id", cookieStore, preloadCookieStore, false),
	authbossContender,
	ginJWTContender,
	ginauthJWTContender,
}

func (c contender) without() contender     { c.values = false; return c }
func (c contender) onlyIfNamed() contender { c.extra = true; return c }

func (c contender) credentialHeader() string {
	if c.header == "" {
		return "Cookie"
	}
	return c.header
}

// The operations that the load may do.
const (
	opMe     = "me"
	opRead   = "data-read"
	opWrite  = "data-write"
	opLogin  = "login"
	opSignUp = "signup"
)

var operations = []string{opMe, opRead, opWrite, opLogin, opSignUp}

func (c contender) does(op string) bool {
	switch op {
	case opRead, opWrite:
		return c.values
	case opLogin, opSignUp:
		return !c.anonymous
	}
	return slices.Contains(operations, op)
}

// env is what a contender may use.
type env struct {
	dsn      string
	poolSize int
	hash     hashParams
	pool     *pgxpool.Pool // counts its round trips in trips
	trips    *atomic.Int64
}

type user struct {
	ID    string `json:"id"`
	Email string `json:"email"`
	Name  string `json:"name"`
}

type credentials struct {
	Email    string `json:"email" binding:"required,email,max=254"`
	Name     string `json:"name" binding:"max=200"`
	Password string `json:"password" binding:"required,max=512"`
}

const password = "Correct-horse-7-battery"

var secretKey = []byte("0123456789abcdef0123456789abcdef")

func newEngine() *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.Use(gin.Recovery())
	return r
}

// ---- users: the same table and statements for everybody but ginauth, which has its own ----

var errNoUser = errors.New("no such user or wrong password")

func userByID(ctx context.Context, db *pgxpool.Pool, id string) (u user, err error) {
	err = db.QueryRow(ctx, "SELECT id, email, name FROM users WHERE id = $1", id).Scan(&u.ID, &u.Email, &u.Name)
	return u, err
}

func insertUser(ctx context.Context, e *env, in credentials) (u user, err error) {
	err = e.pool.QueryRow(ctx,
		"INSERT INTO users (email, name, password) VALUES ($1, $2, $3) RETURNING id, email, name",
		in.Email, in.Name, e.hash.generate(in.Password)).Scan(&u.ID, &u.Email, &u.Name)
	return u, err
}

func checkUser(ctx context.Context, e *env, in credentials) (u user, err error) {
	var hash string
	err = e.pool.QueryRow(ctx, "SELECT id, email, name, password FROM users WHERE email = $1", in.Email).
		Scan(&u.ID, &u.Email, &u.Name, &hash)
	if err == nil && !e.hash.verify(hash, in.Password) {
		err = errNoUser
	}
	return u, err
}

// accounts mounts /signup and /login, whose only difference between contenders is how a session starts.
func accounts(r *gin.Engine, e *env, start func(*gin.Context, user) error) {
	mount := func(path string, find func(context.Context, *env, credentials) (user, error)) {
		r.POST(path, func(c *gin.Context) {
			var in credentials
			if c.ShouldBindJSON(&in) != nil {
				c.Status(http.StatusUnprocessableEntity)
				return
			}
			u, err := find(c.Request.Context(), e, in)
			if err != nil {
				c.Status(http.StatusUnauthorized)
				return
			}
			if err := start(c, u); err != nil {
				c.Status(http.StatusInternalServerError)
				return
			}
			c.JSON(http.StatusOK, u)
		})
	}
	mount("/signup", insertUser)
	mount("/login", checkUser)
}

// valueRoutes mounts GET /value and POST /value. Both are for users that exist, as /me is:
// get and set find that out, and answer errNoUser otherwise.
func valueRoutes(r *gin.Engine, get func(*gin.Context) (string, error), set func(*gin.Context, string) error) {
	refuse := func(c *gin.Context, err error) {
		if errors.Is(err, errNoUser) {
			c.AbortWithStatus(http.StatusUnauthorized)
			return
		}
		c.AbortWithStatus(http.StatusInternalServerError)
	}
	r.GET("/value", func(c *gin.Context) {
		value, err := get(c)
		if err != nil {
			refuse(c, err)
			return
		}
		c.String(http.StatusOK, "%s", value)
	})
	r.POST("/value", func(c *gin.Context) {
		body, err := io.ReadAll(io.LimitReader(c.Request.Body, 1<<10))
		if err == nil {
			err = set(c, string(body))
		}
		if err != nil {
			refuse(c, err)
			return
		}
		c.Status(http.StatusNoContent)
	})
}

func isUniqueViolation(err error) bool {
	var pe *pgconn.PgError
	return errors.As(err, &pe) && pe.Code == "23505"
}
