package ginauthtest_test

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/email"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
)

// stores are what an app can be built on.
var stores = map[string][]ginauthtest.Option{"postgres": nil, "memory": {ginauthtest.InMemory()}}

// shop is an app with accounts, mails and a page.
func shop(k ginauthtest.Kit[User]) *gin.Engine {
	o := k.Options
	o.Exclude = append(o.Exclude, "GET /", "GET /made", "GET /login")
	o.Pages = ginauth.Pages{Login: "/login", AfterLogin: "/"}
	cfg := k.New(o)
	mails := k.Mails(email.Options[User]{Pages: email.Pages{Verify: "/verify", Reset: "/reset", Login: "/magic"}})
	r := gin.New()
	r.Use(ginauth.Session(cfg))
	r.GET("/", func(c *gin.Context) { c.String(http.StatusOK, "home") })
	r.GET("/login", func(c *gin.Context) { c.String(http.StatusOK, "the form") })
	r.GET("/made", func(c *gin.Context) { c.Header("Location", "/user"); c.Status(http.StatusCreated) })
	r.GET("/page", ginauth.With(func(c *gin.Context, u User) { c.String(http.StatusOK, u.Name) }))
	r.POST("/signup", ginauth.SignUp(cfg))
	r.POST("/login", ginauth.Login(cfg))
	r.POST("/logout", ginauth.Logout(cfg))
	r.GET("/user", ginauth.Me(cfg))
	r.PATCH("/user", account.UpdateProfile(cfg))
	r.GET("/sessions", account.Sessions(cfg))
	r.GET("/fresh", ginauth.Require(ginauth.Fresh(10*time.Minute)), ginauth.Me(cfg))
	r.GET("/verified", ginauth.Require(ginauth.Verified()), ginauth.Me(cfg))
	r.POST("/forgot", email.ForgotPassword(mails))
	r.Match([]string{http.MethodGet, http.MethodPost}, "/verify", email.VerifyEmail(mails))
	r.Match([]string{http.MethodGet, http.MethodPost}, "/reset", email.ResetPassword(mails))
	return r
}

// recorder is a test that may fail.
type recorder struct {
	testing.TB
	complaints []string
}

func (r *recorder) Errorf(format string, args ...any) {
	r.complaints = append(r.complaints, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Fatal(args ...any) { r.Fatalf("%s", fmt.Sprint(args...)) }
func (r *recorder) Failed() bool      { return len(r.complaints) > 0 }
func (r *recorder) Log(args ...any)   { r.complaints = append(r.complaints, fmt.Sprint(args...)) }

// complaintsOf runs a test that may fail.
func complaintsOf(t *testing.T, test func(tb *recorder)) string {
	t.Helper()
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		test(r)
	}()
	<-done
	return strings.Join(r.complaints, "\n")
}
