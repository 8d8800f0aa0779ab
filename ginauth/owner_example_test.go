package ginauth_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/flow"
	"github.com/ginauth/ginauth/store"
)

// nightly is a backend for a script's key, which may read.
type nightly struct{ db *store.DB[store.User] }

func (n nightly) Authenticate(c *gin.Context) (p ginauth.Principal[store.User], err error) {
	if c.GetHeader("X-Nightly") == "" {
		return p, ginauth.ErrNoCredentials
	}
	p.Scopes, p.AuthenticatedAt = []string{"read"}, time.Now()
	p.User, err = n.db.FindUserByEmail(c, "ada@example.com")
	return p, err
}

func (nightly) Scheme() ginauth.Scheme {
	return ginauth.Scheme{Name: "nightly", Type: "apiKey", In: "header", Parameter: "X-Nightly", SentOnPurpose: true}
}

// A handler of the app's own that only the account's owner may use, soon after a login.
func ExampleCurrentOwner() {
	pool, closePool := exampleDatabase()
	defer closePool()
	db := store.New[store.User](pool)
	cfg, err := ginauth.New(ginauth.Options[store.User]{Users: db, Exclude: []string{"/signup"}, Logger: quiet})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := gin.New()
	r.Use(ginauth.Authenticate(cfg, nightly{db}, ginauth.SessionAuth(cfg)))
	r.POST("/signup", ginauth.SignUp(cfg))
	r.POST("/recovery-phone", func(c *gin.Context) {
		auth, err := flow.CurrentOwner(c, 10*time.Minute)
		if err != nil {
			ginauth.Fail(c, err)
			return
		}
		c.String(http.StatusOK, "the phone of %s", auth.Account.Identifier)
	})

	owner := call(r, nil, "POST", "/signup", `{"name":"Ada","email":"ada@example.com","password":"correct horse battery staple"}`)
	fmt.Println(call(r, owner, "POST", "/recovery-phone", `{}`).Body)
	script, answer := httptest.NewRequest(http.MethodPost, "/recovery-phone", nil), httptest.NewRecorder()
	script.Header.Set("X-Nightly", "its key")
	r.ServeHTTP(answer, script)
	fmt.Println(answer.Code)
	// Output:
	// the phone of ada@example.com
	// 403
}
