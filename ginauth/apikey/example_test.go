package apikey_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/apikey"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

// exampleTB lets an example have a database as a test has one.
type exampleTB struct {
	testing.TB
	cleanups []func()
}

func (*exampleTB) Helper()            {}
func (*exampleTB) Name() string       { return "Example" }
func (e *exampleTB) Cleanup(f func()) { e.cleanups = append(e.cleanups, f) }

func (e *exampleTB) close() {
	for i := len(e.cleanups) - 1; i >= 0; i-- {
		e.cleanups[i]()
	}
}

// exampleDatabase is pgxpool.New(ctx, os.Getenv("DATABASE_URL")) and migrations.Up(ctx, pool)
// in an app.
func exampleDatabase() (*pgxpool.Pool, func()) {
	tb := &exampleTB{}
	return storetest.NewDB(tb), tb.close
}

// call sends one request with the session cookie of the answer before.
func call(r http.Handler, before *httptest.ResponseRecorder, method, path, body string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if before != nil {
		for _, k := range before.Result().Cookies() {
			request.AddCookie(k)
		}
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, request)
	return w
}

// Users make, see and revoke their keys in a session.
func Example() {
	pool, closePool := exampleDatabase()
	defer closePool()

	r := gin.New()
	db := store.New[store.User](pool)
	cfg, err := ginauth.New(ginauth.Options[store.User]{Users: db, Exclude: []string{"/signup"}, Logger: quiet})
	if err != nil {
		fmt.Println(err)
		return
	}
	keys, err := apikey.New(cfg, apikey.Options[store.User]{Prefix: "acme_", Scopes: []string{"report:read", "report:write"}})
	if err != nil {
		fmt.Println(err)
		return
	}

	r.Use(ginauth.Session(cfg))
	r.POST("/signup", ginauth.SignUp(cfg))
	r.POST("/api-keys", ginauth.Require(ginauth.Fresh(10*time.Minute)), apikey.Create(keys))
	r.GET("/api-keys", apikey.List(keys))
	r.DELETE("/api-keys/:id", apikey.Revoke(keys))

	in := call(r, nil, "POST", "/signup", `{"name":"Ada","email":"ada@example.com","password":"correct horse battery staple"}`)
	answer := call(r, in, "POST", "/api-keys", `{"name":"nightly report","scopes":["report:read"],"expires_in_days":30}`)
	var key struct{ ID, Key, Start string }
	if err := json.Unmarshal(answer.Body.Bytes(), &key); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(answer.Code, key.Key[:5], len(key.Key), strings.Contains(call(r, in, "GET", "/api-keys", "").Body.String(), key.Start))
	fmt.Println(call(r, in, "DELETE", "/api-keys/"+key.ID, "").Code, call(r, in, "GET", "/api-keys", "").Body)
	// Output:
	// 201 acme_ 54 true
	// 204 []
}

// Backend answers who sent a request. ginauth's middleware asks it, beside other backends; here the
// example does so itself.
func ExampleBackend() {
	pool, closePool := exampleDatabase()
	defer closePool()

	r := gin.New()
	db := store.New[store.User](pool)
	cfg, err := ginauth.New(ginauth.Options[store.User]{Users: db, Exclude: []string{"/signup", "/report"}, Logger: quiet})
	if err != nil {
		fmt.Println(err)
		return
	}
	keys, err := apikey.New(cfg, apikey.Options[store.User]{})
	if err != nil {
		fmt.Println(err)
		return
	}
	backend := apikey.Backend(keys)
	r.Use(ginauth.Session(cfg))
	r.POST("/signup", ginauth.SignUp(cfg))
	r.POST("/api-keys", apikey.Create(keys))
	r.GET("/report", func(c *gin.Context) {
		p, err := backend.Authenticate(c)
		switch {
		case errors.Is(err, ginauth.ErrNoCredentials):
			ginauth.Fail(c, ginauth.ErrUnauthenticated)
		case err != nil:
			ginauth.Fail(c, err)
		default:
			c.String(http.StatusOK, "%s may %v", p.User.Name, p.Scopes)
		}
	})

	in := call(r, nil, "POST", "/signup", `{"name":"Ada","email":"ada@example.com","password":"correct horse battery staple"}`)
	var made struct{ Key string }
	if err := json.Unmarshal(call(r, in, "POST", "/api-keys", `{"name":"report","scopes":["report:read"]}`).Body.Bytes(), &made); err != nil {
		fmt.Println(err)
		return
	}
	for _, authorization := range []string{"", "Bearer " + made.Key, "Bearer gak_mistyped"} {
		request := httptest.NewRequest(http.MethodGet, "/report", nil)
		request.Header.Set("Authorization", authorization)
		w := httptest.NewRecorder()
		r.ServeHTTP(w, request)
		if w.Code == http.StatusOK {
			fmt.Println(w.Code, w.Body)
			continue
		}
		fmt.Println(w.Code)
	}
	// Output:
	// 401
	// 200 Ada may [report:read]
	// 401
}

// A page of the app's own shows the new key in its own way.
func ExampleIssue() {
	pool, closePool := exampleDatabase()
	defer closePool()

	r := gin.New()
	db := store.New[store.User](pool)
	cfg, err := ginauth.New(ginauth.Options[store.User]{Users: db, Exclude: []string{"/signup"}, Logger: quiet})
	if err != nil {
		fmt.Println(err)
		return
	}
	keys, err := apikey.New(cfg, apikey.Options[store.User]{})
	if err != nil {
		fmt.Println(err)
		return
	}
	r.Use(ginauth.Session(cfg))
	r.POST("/signup", ginauth.SignUp(cfg))
	r.POST("/tokens", func(c *gin.Context) {
		key, record, err := apikey.Issue(c, keys, apikey.Request{Name: "laptop"})
		if err != nil {
			ginauth.Fail(c, err)
			return
		}
		c.Header("Cache-Control", "no-store")
		c.String(http.StatusOK, "curl -H 'Authorization: Bearer %s' https://example.com/  # %s", key.Reveal(), record.Name)
	})

	in := call(r, nil, "POST", "/signup", `{"name":"Ada","email":"ada@example.com","password":"correct horse battery staple"}`)
	page := call(r, in, "POST", "/tokens", "").Body.String()
	fmt.Println(page[:34], page[len(page)-8:])
	// Output: curl -H 'Authorization: Bearer gak # laptop
}

// A scanner can tell a key from a typo without the database.
func ExampleParseKey() {
	key, err := apikey.NewKey("acme_")
	if err != nil {
		fmt.Println(err)
		return
	}
	_, genuine := apikey.ParseKey("acme_", key.Reveal())
	_, typo := apikey.ParseKey("acme_", key.Reveal()[:53]+"-")
	fmt.Println(genuine, typo)
	fmt.Println(key)
	// Output:
	// true false
	// [API key]
}
