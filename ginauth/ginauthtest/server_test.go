package ginauthtest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
)

func crossSite(method, path string) *http.Request {
	r := httptest.NewRequest(method, path, nil)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	return r
}

func TestHTTPReachesTheAppThroughAServer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		url    string
		cookie ginauth.Cookie
	}{
		"default": {url: "https://example.com"}, "a host and a path": {url: "https://shop.example/app"}, "localhost": {url: "http://localhost", cookie: ginauth.Cookie{InsecureLocalhost: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := ginauthtest.New(t, func(k ginauthtest.Kit[User]) *gin.Engine {
				k.Options.BaseURL, k.Options.Cookie = c.url, c.cookie
				return shop(k)
			}, ginauthtest.InMemory())
			ada := app.As(User{Name: "Ada"})
			client := ada.HTTP()
			get := func(path string) string {
				t.Helper()
				w, err := client.Get(c.url + path)
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = w.Body.Close() }()
				body, err := io.ReadAll(w.Body)
				if err != nil {
					t.Fatal(err)
				}
				return w.Status + " " + string(body)
			}
			if got := get("/page"); got != "200 OK Ada" {
				t.Errorf("the page is %s", got)
			}
			w, err := client.Post(c.url+"/logout", "", nil)
			if err != nil {
				t.Fatal(err)
			}
			if _ = w.Body.Close(); w.StatusCode != http.StatusNoContent {
				t.Errorf("the logout: %s", w.Status)
			}
			if got := get("/page"); !strings.HasPrefix(got, "401 ") || ada.Cookie(app.SessionCookie()) != "" {
				t.Errorf("after it the page is %s, and the cookie %q", got, ada.Cookie(app.SessionCookie()))
			}
		})
	}
}
