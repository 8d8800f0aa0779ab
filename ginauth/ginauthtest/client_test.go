package ginauthtest_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
)

func TestFormsAndPagesGoAsBrowsersSendThem(t *testing.T) {
	t.Parallel()
	app := ginauthtest.New(t, shop, ginauthtest.InMemory())
	app.As(User{Email: "ada@example.com"})
	browser := app.Anonymous()
	if w := browser.Page("/user").Status(200); w.Path != "/login" || w.Body != "the form" {
		t.Errorf("a page without a session ends at %s: %s", w.Path, w.Body)
	}
	w := browser.Form("/login", url.Values{"email": {"ada@example.com"}, "password": {ginauthtest.Password}}).Redirect("/")
	if k := w.Cookie(app.SessionCookie()); k == nil || !k.HttpOnly {
		t.Errorf("the login sets the cookie %v", k)
	}
	browser.Page("/user").Status(200)
	browser.PATCH("/user", gin.H{"name": "Ada L."}).Status(200)
	browser.PUT("/user", gin.H{}).Status(404)
	browser.DELETE("/user").Status(404)
}

func TestRequestsLookLikeThoseOfAPage(t *testing.T) {
	t.Parallel()
	app := ginauthtest.New(t, func(k ginauthtest.Kit[User]) *gin.Engine {
		o := k.Options
		o.BaseURL = "https://shop.example"
		k.New(o)
		r := gin.New()
		r.Any("/echo", func(c *gin.Context) {
			c.String(http.StatusOK, "%s %s %s %s %s", c.Request.Host, c.Request.RequestURI, c.GetHeader("Sec-Fetch-Site"), c.GetHeader("Origin"), c.ContentType())
		})
		return r
	}, ginauthtest.InMemory())
	client := app.Anonymous()
	for want, w := range map[string]*ginauthtest.Response{
		"shop.example /echo?a=b same-origin  ":                                                  client.GET("https://shop.example/echo?a=b"),
		"shop.example /echo same-origin https://shop.example application/json":                  client.PUT("/echo", gin.H{}),
		"shop.example /echo same-origin https://shop.example application/x-www-form-urlencoded": client.Form("/echo", nil),
		"shop.example /echo same-origin https://shop.example ":                                  client.Do(httptest.NewRequest(http.MethodPost, "/echo", nil)),
	} {
		if w.Body != want {
			t.Errorf("the request is %q, want %q", w.Body, want)
		}
	}
}

func TestRequestsOfAnotherOriginAreTheTestsOwn(t *testing.T) {
	t.Parallel()
	app := ginauthtest.New(t, shop, ginauthtest.InMemory())
	ada := app.As(User{})
	ada.Header = http.Header{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example"}}
	ada.POST("/logout", nil).Problem("cross_origin")
	ada.Header = nil
	r := httptest.NewRequest(http.MethodPost, "/logout", nil)
	r.Header.Set("Origin", "https://evil.example")
	ada.Do(r).Problem("cross_origin")
	ada.Do(httptest.NewRequest(http.MethodPost, "/logout", nil)).Status(204)
}

func TestCookiesCanBeStolen(t *testing.T) {
	t.Parallel()
	app := ginauthtest.New(t, shop, ginauthtest.InMemory())
	ada, thief := app.As(User{}), app.Anonymous()
	thief.SetCookie(app.SessionCookie(), ada.Cookie(app.SessionCookie()))
	thief.GET("/user").Status(200)
	thief.SetCookie(app.SessionCookie(), "")
	thief.GET("/user").Status(401)
}

func TestSessionCookieIsTheOneThatTheAppSets(t *testing.T) {
	t.Parallel()
	for want, cookie := range map[string]ginauth.Cookie{
		"__Host-session": {}, "__Secure-sid": {Name: "sid", Domain: "example.com"}, "session": {InsecureLocalhost: true},
	} {
		app := ginauthtest.New(t, func(k ginauthtest.Kit[User]) *gin.Engine {
			k.Options.Cookie = cookie
			return shop(k)
		}, ginauthtest.InMemory())
		ada := app.As(User{})
		if app.SessionCookie() != want || ada.Cookie(want) == "" {
			t.Errorf("the cookie is called %s, want %s", app.SessionCookie(), want)
		}
		ada.GET("/user").Status(200)
	}
}

func TestLinksAndRedirectsHaveThePathOfBaseURL(t *testing.T) {
	t.Parallel()
	app := ginauthtest.New(t, func(k ginauthtest.Kit[User]) *gin.Engine {
		k.Options.BaseURL = "https://shop.example/app"
		return shop(k)
	}, ginauthtest.InMemory(), ginauthtest.WithMail())
	app.As(User{Email: "ada@example.com"})
	link := app.Mail.To("ada@example.com").Last().Link
	if !strings.HasPrefix(link, "https://shop.example/app/verify?token=") {
		t.Errorf("the link is %s", link)
	}
	if w := app.Anonymous().Page(link).Status(200); w.Path != "/verify" {
		t.Errorf("the link leads to %s", w.Path)
	}
	got := complaintsOf(t, func(tb *recorder) {
		ginauthtest.New(tb, shop, ginauthtest.InMemory()).Anonymous().GET("https://evil.example/")
	})
	if !strings.Contains(got, "leads away from the app, which is at https://example.com") {
		t.Errorf("the complaint is %q", got)
	}
}

// cookieSetter sets one cookie and shows those that come back.
func cookieSetter(set *http.Cookie) func(ginauthtest.Kit[User]) *gin.Engine {
	return func(k ginauthtest.Kit[User]) *gin.Engine {
		r := gin.New()
		r.GET("/set", func(c *gin.Context) { http.SetCookie(c.Writer, set) })
		show := func(c *gin.Context) { c.String(http.StatusOK, c.GetHeader("Cookie")) }
		r.GET("/", show)
		r.GET("/sub", show)
		r.GET("/sub/page", show)
		r.GET("/subway", show)
		return r
	}
}

func TestCookiesAreKeptByTheirAttributes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		set   http.Cookie
		paths []string // where it comes back
		later bool     // and in an hour
	}{
		"plain":          {http.Cookie{Path: "/"}, []string{"/", "/sub", "/sub/page", "/subway"}, true},
		"age":            {http.Cookie{Path: "/", MaxAge: 3600}, []string{"/", "/sub", "/sub/page", "/subway"}, false},
		"path":           {http.Cookie{Path: "/sub"}, []string{"/sub", "/sub/page"}, true},
		"gone":           {http.Cookie{Path: "/", MaxAge: -1}, nil, true},
		"not secure":     {http.Cookie{Name: "__Secure-k", Path: "/"}, nil, true},
		"of a domain":    {http.Cookie{Name: "__Host-k", Secure: true, Path: "/", Domain: "example.com"}, nil, true},
		"for the domain": {http.Cookie{Name: "__Secure-k", Secure: true, Path: "/", Domain: "example.com"}, []string{"/", "/sub", "/sub/page", "/subway"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.set.Name == "" {
				c.set.Name = "k"
			}
			c.set.Value = "v"
			app := ginauthtest.New(t, cookieSetter(&c.set), ginauthtest.InMemory())
			client := app.Anonymous()
			client.GET("/set").Status(200)
			come := func() (paths []string) {
				for _, path := range []string{"/", "/sub", "/sub/page", "/subway"} {
					if client.GET(path).Body == c.set.Name+"=v" {
						paths = append(paths, path)
					}
				}
				return paths
			}
			if got := come(); strings.Join(got, " ") != strings.Join(c.paths, " ") {
				t.Errorf("it comes back at %q, want %q", got, c.paths)
			}
			app.Clock.Advance(time.Hour)
			if got := come(); c.paths != nil && (got != nil) != c.later {
				t.Errorf("in an hour it comes back at %q", got)
			}
		})
	}
}

func TestClientIsSafeForParallelRequests(t *testing.T) {
	t.Parallel()
	app := ginauthtest.New(t, shop, ginauthtest.InMemory())
	ada := app.As(User{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			ada.GET("/user").Status(200)
			app.Mail.All()
		})
	}
	wg.Wait()
}
