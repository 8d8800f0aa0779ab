package ginauth_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
)

// partner is who sends webhooks: not everybody who calls has a row in a table.
type partner struct{ Name string }

func (p partner) Account() driver.Account { return driver.Account{ID: driver.UserID(p.Name)} }

// webhook authenticates requests whose body is signed: X-Signature: <partner>=<hex HMAC-SHA256>.
type webhook struct{ secrets map[string][]byte }

func (w webhook) Authenticate(c *gin.Context) (ginauth.Principal[partner], error) {
	var none ginauth.Principal[partner]
	name, signature, ok := strings.Cut(c.GetHeader("X-Signature"), "=")
	if !ok {
		return none, ginauth.ErrNoCredentials
	}
	given, err := hex.DecodeString(signature)
	secret, known := w.secrets[name]
	if err != nil || !known {
		return none, fmt.Errorf("%w: no such partner, or no signature", ginauth.ErrBadCredentials)
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, 1<<20))
	if err != nil {
		return none, fmt.Errorf("%w: the body cannot be read", ginauth.ErrBadCredentials)
	}
	c.Request.Body = io.NopCloser(bytes.NewReader(body)) // the handler reads it again
	mac := hmac.New(sha256.New, secret)
	mac.Write(body)
	if !hmac.Equal(mac.Sum(nil), given) {
		return none, fmt.Errorf("%w: wrong signature", ginauth.ErrBadCredentials)
	}
	return ginauth.Principal[partner]{User: partner{Name: name}, Scopes: []string{"hooks"}}, nil
}

func (webhook) Scheme() ginauth.Scheme {
	return ginauth.Scheme{Name: "webhook", Type: "apiKey", In: "header", Parameter: "X-Signature", SentOnPurpose: true}
}

// A backend of the app's own: a webhook whose sender signs the body.
func ExampleBackend() {
	gin.SetMode(gin.ReleaseMode)
	cfg, err := ginauth.New(ginauth.Options[partner]{NoSessions: true, Logger: quiet})
	if err != nil {
		fmt.Println(err)
		return
	}
	r := gin.New()
	r.Use(ginauth.Authenticate(cfg, webhook{secrets: map[string][]byte{"acme": []byte("a secret of 32 bytes, or longer")}}))
	r.POST("/hooks", ginauth.Require(ginauth.Scope("hooks")), ginauth.With(func(c *gin.Context, p partner) {
		body, _ := io.ReadAll(c.Request.Body)
		c.String(http.StatusOK, "%s says %s", p.Name, body)
	}))

	send := func(signature string) {
		req := httptest.NewRequest(http.MethodPost, "/hooks", strings.NewReader("paid"))
		req.Header.Set("X-Signature", signature)
		w := httptest.NewRecorder()
		r.ServeHTTP(w, req)
		fmt.Println(w.Code, strings.TrimSpace(w.Body.String())[:14])
	}
	mac := hmac.New(sha256.New, []byte("a secret of 32 bytes, or longer"))
	mac.Write([]byte("paid"))
	send("acme=" + hex.EncodeToString(mac.Sum(nil)))
	send("acme=" + strings.Repeat("00", 32))
	// Output:
	// 200 acme says paid
	// 401 {"type":"https
}

// Several ways in, one after the other: keys for scripts, the session for browsers.
func ExampleAuthenticate() {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	cfg, err := ginauth.New(ginauth.Options[partner]{NoSessions: true, Logger: quiet, Exclude: []string{"/hello"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	r.Use(ginauth.Authenticate(cfg, webhook{})) // , ginauth.SessionAuth(cfg)
	r.GET("/hello", func(c *gin.Context) { c.String(http.StatusOK, "hello") })
	r.GET("/", func(c *gin.Context) { c.String(http.StatusOK, "in") })

	for _, path := range []string{"/hello", "/"} {
		w := httptest.NewRecorder()
		r.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		fmt.Printf("%d %s %q\n", w.Code, path, w.Header().Get("WWW-Authenticate"))
	}
	// Output:
	// 200 /hello ""
	// 401 / "ApiKey name=\"X-Signature\""
}
