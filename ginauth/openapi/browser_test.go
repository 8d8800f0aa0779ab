// Browsers add minutes, and no goroutine of ours.

//go:build !race

package openapi_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/ginauth/openapi"
)

// passwordGrant knows one token.
type passwordGrant struct{}

func (passwordGrant) Authenticate(c *gin.Context) (ginauth.Principal[user], error) {
	switch c.GetHeader("Authorization") {
	case "":
		return ginauth.Principal[user]{}, ginauth.ErrNoCredentials
	case "Bearer good":
		return ginauth.Principal[user]{User: user{ID: "ada", Name: "Ada"}}, nil
	}
	return ginauth.Principal[user]{}, ginauth.ErrBadCredentials
}

func (passwordGrant) Scheme() ginauth.Scheme { return oauth }

// The page's dialog speaks the password grant of RFC 6749, 4.3, and uses the token that it gets.
func TestBrowserAuthorizesByPasswordInTheDialog(t *testing.T) {
	t.Parallel()
	path := chromium(t)
	cfg := config{Logger: quiet, Exclude: []string{"/token"}}
	r := gin.New()
	r.Use(ginauth.Authenticate(built.Config(cfg), ginauth.Backend[user](passwordGrant{})))
	r.POST("/token", func(c *gin.Context) {
		if c.PostForm("grant_type") != "password" || c.PostForm("username") != "ada" || c.PostForm("password") != "tea" {
			c.JSON(http.StatusBadRequest, gin.H{"error": "invalid_grant"})
			return
		}
		c.JSON(http.StatusOK, gin.H{"access_token": "good", "token_type": "bearer", "expires_in": 60})
	})
	r.GET("/me", ginauth.With(func(c *gin.Context, u user) { c.JSON(http.StatusOK, u) }))
	if err := openapi.Mount(r, openapi.Options{}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)

	// The sandbox refuses root, and the page is our own.
	ctx, cancel := chromedp.NewContext(context.Background(), chromedp.WithAllocatorOptions(chromedp.ExecPath(path), chromedp.NoSandbox))
	t.Cleanup(cancel)
	ctx, stop := context.WithTimeout(ctx, 5*time.Minute)
	t.Cleanup(stop)
	const me = "#operations-default-getMe"
	const dialog = ".modal-ux .auth-btn-wrapper .authorize"
	err := chromedp.Do(ctx,
		chromedp.Navigate(server.URL+"/schema"),
		chromedp.Click(chromedp.CSS(".scheme-container .authorize")),
		chromedp.SendKeys(chromedp.CSS("#oauth_username"), "ada"),
		chromedp.SendKeys(chromedp.CSS("#oauth_password"), "tea"),
	)
	if err != nil {
		t.Fatal(err)
	}
	// The dialog is longer than the window, so the button is pressed by its own means.
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("document.querySelector('"+dialog+"').click(), true")); err != nil {
		t.Fatal(err)
	}
	err = chromedp.Do(ctx,
		chromedp.WaitNotPresent(chromedp.CSS("#oauth_username")),
		chromedp.Click(chromedp.CSS(".modal-ux .auth-btn-wrapper .btn-done")),
		chromedp.Click(chromedp.CSS(me+" .opblock-summary-control")),
		chromedp.Click(chromedp.CSS(me+" .try-out__btn")),
		chromedp.Click(chromedp.CSS(me+" .execute")),
	)
	if err != nil {
		t.Fatal(err)
	}
	got, err := chromedp.Run(ctx, chromedp.Text(chromedp.CSS(me+" .live-responses-table tbody")))
	if err != nil || !strings.HasPrefix(got, "200") || !strings.Contains(got, `"name": "Ada"`) {
		t.Errorf("the answer is %q (%v)", got, err)
	}
}

// chromium is the browser's path. Where continuous integration runs, there is one.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	const message = "no browser is installed: apt-get install chromium"
	if os.Getenv("CI") != "" {
		t.Fatal(message)
	}
	t.Skip(message)
	return ""
}
