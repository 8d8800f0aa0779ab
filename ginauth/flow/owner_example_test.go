package flow_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/flow"
	"github.com/ginauth/ginauth/store/memory"
)

// nightly is a backend for the key of a script, which may read.
type nightly struct{ users driver.Users[memory.User] }

func (n nightly) Authenticate(c *gin.Context) (p ginauth.Principal[memory.User], err error) {
	if c.GetHeader("X-Nightly") == "" {
		return p, ginauth.ErrNoCredentials
	}
	p.Scopes, p.AuthenticatedAt = []string{"read"}, time.Now()
	p.User, _, err = n.users.FindCredential(c, "ada@example.com")
	return p, err
}

func (nightly) Scheme() ginauth.Scheme {
	return ginauth.Scheme{Name: "nightly", Type: "apiKey", In: "header", Parameter: "X-Nightly", SentOnPurpose: true}
}

// A handler that only the account's owner may use, soon after a login: the script's key may not.
func ExampleCurrentOwner() {
	users := memory.New(memory.Options[memory.User]{})
	cfg, err := ginauth.New(ginauth.Options[memory.User]{Users: users})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := gin.New()
	r.Use(ginauth.Authenticate(cfg, nightly{users}, ginauth.SessionAuth(cfg)))
	r.POST("/signup", ginauth.SignUp(cfg))
	r.POST("/recovery-phone", func(c *gin.Context) {
		auth, err := flow.CurrentOwner(c, 10*time.Minute)
		if err != nil {
			ginauth.Fail(c, err)
			return
		}
		c.String(http.StatusOK, "the phone of %s", auth.Account.Identifier)
	})

	owner := call(r, nil, "POST", "/signup", ada)
	fmt.Println(call(r, owner, "POST", "/recovery-phone", `{}`).Body)
	script, answer := httptest.NewRequest(http.MethodPost, "/recovery-phone", nil), httptest.NewRecorder()
	script.Header.Set("X-Nightly", "its key")
	r.ServeHTTP(answer, script)
	fmt.Println(answer.Code)
	// Output:
	// the phone of ada@example.com
	// 403
}
