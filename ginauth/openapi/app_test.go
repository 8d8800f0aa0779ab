package openapi_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/openapi"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

type (
	user   = store.User
	config = ginauth.Options[user]
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	m.Run()
}

func newConfig(t *testing.T, exclude ...string) config {
	t.Helper()
	return config{Users: store.New[user](storetest.NewDB(t), store.WithTimeout(time.Minute)), Exclude: exclude, Logger: quiet}
}

// document builds and reads back, so that what is looked at is what a client would see.
func document(t *testing.T, engine *gin.Engine, opts openapi.Options) *openapi3.T {
	t.Helper()
	d, err := openapi.Build(engine, opts)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, d.JSON())
}

func read(t *testing.T, raw []byte) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func operation(t *testing.T, doc *openapi3.T, method, path string) *openapi3.Operation {
	t.Helper()
	if item := doc.Paths.Value(path); item != nil && item.GetOperation(method) != nil {
		return item.GetOperation(method)
	}
	t.Fatalf("%s %s is not in the document, which has %v", method, path, doc.Paths.InMatchingOrder())
	return nil
}

func answer(c *gin.Context) { c.String(http.StatusOK, "here you are") }

func ask(engine http.Handler, method, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(method, path, strings.NewReader(""))
	r.Header.Set("Accept", "application/json")
	engine.ServeHTTP(w, r)
	return w
}

// token is a backend of the app's own.
type token struct{ scheme ginauth.Scheme }

func (token) Authenticate(c *gin.Context) (ginauth.Principal[user], error) {
	if c.GetHeader("Authorization") == "" {
		return ginauth.Principal[user]{}, ginauth.ErrNoCredentials
	}
	return ginauth.Principal[user]{}, ginauth.ErrBadCredentials
}

func (b token) Scheme() ginauth.Scheme { return b.scheme }
