package ginauth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
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

// call sends one request with the session cookie of the answer before, and prints the answer.
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

// The eight lines: accounts and sessions on PostgreSQL.
func Example() {
	pool, closePool := exampleDatabase()
	defer closePool()

	r := gin.New()
	db := store.New[store.User](pool)
	cfg, err := ginauth.New(ginauth.Options[store.User]{
		Users:   db,
		Exclude: []string{"/login", "/signup", "/schema/*any"},
		Logger:  quiet,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	r.Use(ginauth.Session(cfg))
	r.POST("/signup", ginauth.SignUp(cfg))
	r.POST("/login", ginauth.Login(cfg))
	r.POST("/logout", ginauth.Logout(cfg))
	r.GET("/user", ginauth.Me(cfg))

	fmt.Println(call(r, nil, "GET", "/user", "").Code)
	fmt.Println(call(r, nil, "POST", "/signup", `{"name":"Ada","email":"ada@example.com","password":"correct horse battery staple"}`).Code)
	in := call(r, nil, "POST", "/login", `{"email":"ada@example.com","password":"correct horse battery staple"}`)
	fmt.Println(in.Code, call(r, in, "GET", "/user", "").Code)
	fmt.Println(call(r, in, "POST", "/logout", "").Code, call(r, in, "GET", "/user", "").Code)
	// Output:
	// 401
	// 201
	// 200 200
	// 204 401
}

// Member has one column more than store.User; a migration of the app's own added it.
type Member struct {
	store.User
	Plan string `json:"plan"`
}

// More columns: the app's own user type.
func ExampleOptions_moreColumns() {
	pool, closePool := exampleDatabase()
	defer closePool()
	_, err := pool.Exec(context.Background(), "ALTER TABLE ginauth.users ADD COLUMN plan text NOT NULL DEFAULT 'free'")
	if err != nil {
		fmt.Println(err)
		return
	}

	r := gin.New()
	cfg, err := ginauth.New(ginauth.Options[Member]{Users: store.New[Member](pool), Exclude: []string{"/signup"}, Logger: quiet})
	if err != nil {
		fmt.Println(err)
		return
	}
	r.Use(ginauth.Session(cfg))
	r.POST("/signup", ginauth.SignUp(cfg))
	r.GET("/plan", ginauth.With(func(c *gin.Context, m Member) {
		c.String(http.StatusOK, "%s has the %s plan", m.Name, m.Plan)
	}))

	in := call(r, nil, "POST", "/signup", `{"name":"Ada","email":"ada@example.com","password":"correct horse battery staple"}`)
	fmt.Println(call(r, in, "GET", "/plan", "").Body)
	// Output: Ada has the free plan
}

// MemberForm is what a new member fills in.
type MemberForm struct {
	ginauth.Registration
	Plan string `json:"plan" binding:"required,oneof=free team"`
}

// More fields at sign-up: the app's own payload.
func ExampleSignUpWith() {
	pool, closePool := exampleDatabase()
	defer closePool()
	_, err := pool.Exec(context.Background(), "ALTER TABLE ginauth.users ADD COLUMN plan text NOT NULL DEFAULT 'free'")
	if err != nil {
		fmt.Println(err)
		return
	}

	r := gin.New()
	cfg, err := ginauth.New(ginauth.Options[Member]{Users: store.New[Member](pool), Exclude: []string{"/signup"}, Logger: quiet})
	if err != nil {
		fmt.Println(err)
		return
	}
	r.Use(ginauth.Session(cfg))
	r.POST("/signup", ginauth.SignUpWith(cfg, func(_ context.Context, f MemberForm, m *Member) error {
		if f.Plan == "team" && !strings.HasSuffix(f.Email, "@example.com") {
			return ginauth.Invalid(ginauth.FieldError{Field: "plan", Code: "staff_only", Detail: "plan is for staff"})
		}
		m.Plan = f.Plan
		return nil
	}))

	guest := call(r, nil, "POST", "/signup", `{"name":"Bob","email":"bob@example.org","password":"correct horse battery staple","plan":"team"}`)
	staff := call(r, nil, "POST", "/signup", `{"name":"Ada","email":"ada@example.com","password":"correct horse battery staple","plan":"team"}`)
	fmt.Println(guest.Code, staff.Code)
	// Output: 422 201
}

// Person comes from a directory that ginauth knows nothing of.
type Person struct {
	Name string
}

// Account makes a Person a driver.User.
func (p Person) Account() driver.Account { return driver.Account{ID: driver.UserID(p.Name)} }

// Any other source of users: RetrieveUser gets the session and returns the user.
func ExampleOptions_retrieveUser() {
	pool, closePool := exampleDatabase()
	defer closePool()
	directory := map[string]Person{"ada": {Name: "ada"}}

	r := gin.New()
	cfg, err := ginauth.New(ginauth.Options[Person]{
		Sessions: store.NewSessions(pool),
		Exclude:  []string{"/enter"},
		RetrieveUser: func(_ *gin.Context, s sessions.Session) (Person, error) {
			name, _ := s.Get("name").(string)
			p, ok := directory[name]
			if !ok {
				return Person{}, driver.ErrNoUser // 401, and the session ends
			}
			return p, nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	r.Use(ginauth.Session(cfg))
	r.POST("/enter", func(c *gin.Context) {
		p := directory["ada"] // however the app finds out who this is
		sessions.Default(c).Set("name", p.Name)
		if err := ginauth.SignIn(c, p); err != nil {
			ginauth.Fail(c, err)
		}
	})
	r.GET("/user", ginauth.With(func(c *gin.Context, p Person) { c.String(http.StatusOK, p.Name) }))

	in := call(r, nil, "POST", "/enter", "")
	fmt.Println(call(r, in, "GET", "/user", "").Body)
	delete(directory, "ada")
	fmt.Println(call(r, in, "GET", "/user", "").Code)
	// Output:
	// ada
	// 401
}

// On an excluded route the user is looked up when somebody asks, and may be nobody.
func ExampleCurrentUser() {
	pool, closePool := exampleDatabase()
	defer closePool()

	r := gin.New()
	cfg, err := ginauth.New(ginauth.Options[store.User]{Users: store.New[store.User](pool), Exclude: []string{"/", "/signup"}, Logger: quiet})
	if err != nil {
		fmt.Println(err)
		return
	}
	r.Use(ginauth.Session(cfg))
	r.POST("/signup", ginauth.SignUp(cfg))
	r.GET("/", func(c *gin.Context) {
		u, err := ginauth.CurrentUser[store.User](c)
		switch {
		case errors.Is(err, ginauth.ErrUnauthenticated):
			c.String(http.StatusOK, "Hello, stranger")
		case err != nil:
			ginauth.Fail(c, err) // the database is away: that is not "nobody"
		default:
			c.String(http.StatusOK, "Hello, "+u.Name)
		}
	})

	fmt.Println(call(r, nil, "GET", "/", "").Body)
	in := call(r, nil, "POST", "/signup", `{"name":"Ada","email":"ada@example.com","password":"correct horse battery staple"}`)
	fmt.Println(call(r, in, "GET", "/", "").Body)
	// Output:
	// Hello, stranger
	// Hello, Ada
}

// A way to log in of the app's own, here by a token that was mailed.
func ExampleSignIn() {
	pool, closePool := exampleDatabase()
	defer closePool()

	r := gin.New()
	db := store.New[store.User](pool)
	cfg, err := ginauth.New(ginauth.Options[store.User]{Users: db, Exclude: []string{"/signup", "/enter"}, Logger: quiet})
	if err != nil {
		fmt.Println(err)
		return
	}
	r.Use(ginauth.Session(cfg))
	r.POST("/signup", ginauth.SignUp(cfg))
	r.GET("/user", ginauth.Me(cfg))
	r.POST("/enter", func(c *gin.Context) {
		u, _, err := db.FindCredential(c.Request.Context(), "ada@example.com") // whom the token was mailed to
		if err == nil {
			err = ginauth.SignIn(c, u)
		}
		if err != nil {
			ginauth.Fail(c, err)
		}
	})

	call(r, nil, "POST", "/signup", `{"name":"Ada","email":"ada@example.com","password":"correct horse battery staple"}`)
	in := call(r, nil, "POST", "/enter", "")
	fmt.Println(call(r, in, "GET", "/user", "").Code)
	// Output: 200
}

// A test of the app's own can hold its router against the most common mistake.
func ExampleCheckRoutes() {
	r := gin.New()
	cfg, err := ginauth.New(ginauth.Options[store.User]{Users: newUnusedDB(), Exclude: []string{"/about"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	r.GET("/admin", func(c *gin.Context) { c.String(http.StatusOK, "secrets") })
	r.Use(ginauth.Session(cfg))
	r.GET("/user", ginauth.Me(cfg))

	fmt.Println(ginauth.CheckRoutes(r))
	// Output:
	// GET /admin is not covered by Session: call router.Use(ginauth.Session(cfg)) before registering it
	// the Exclude rule "/about" matches no route: correct or remove it
}
