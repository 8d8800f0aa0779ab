package ginauth_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
)

// whoIs is a net/http handler that knows nothing of Gin.
func whoIs(w http.ResponseWriter, r *http.Request) {
	u, err := ginauth.CurrentUser[user](r.Context())
	auth, authErr := ginauth.CurrentAuth(context.WithValue(r.Context(), http.ServerContextKey, nil))
	switch {
	case !errors.Is(authErr, err) || auth.Account.ID != u.ID:
		http.Error(w, "CurrentAuth differs", http.StatusInternalServerError)
	case errors.Is(err, ginauth.ErrUnauthenticated):
		http.Error(w, "nobody", http.StatusUnauthorized)
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	default:
		_, _ = io.WriteString(w, u.Email)
	}
}

func TestNetHTTPHandlersKnowTheUser(t *testing.T) {
	t.Parallel()
	handler := http.HandlerFunc(whoIs)
	inner := gin.New()
	inner.GET("/inner/mine", gin.WrapH(handler))
	app := newApp(t, with(func(cfg *config) { cfg.Exclude = append(cfg.Exclude, "/open") }),
		before(func(r *gin.Engine) { r.GET("/before", gin.WrapH(handler)) }),
		routes(func(r *gin.Engine, _ config) {
			r.GET("/mine", gin.WrapH(handler))
			r.GET("/open", gin.WrapH(handler))
			r.GET("/slow", gin.WrapH(http.TimeoutHandler(handler, time.Minute, "too slow")))
			r.GET("/mount/*any", gin.WrapH(http.StripPrefix("/mount", handler)))
			r.GET("/inner/*any", gin.WrapH(inner))
		}))
	ada := app.signUp(t, ada)
	for _, path := range []string{"/mine", "/open", "/slow", "/mount/x", "/inner/mine"} {
		if w := ada.get(path); w.Code != http.StatusOK || w.Body.String() != "ada@example.com" {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
		if w := app.send(httptest.NewRequest(http.MethodGet, path, nil)); w.Code != http.StatusUnauthorized {
			t.Errorf("%s for nobody: %d %s", path, w.Code, w.Body)
		}
	}
	if w := ada.get("/before"); w.Code != http.StatusInternalServerError {
		t.Errorf("outside of Session: %d %s", w.Code, w.Body)
	}
}

// SEC-174: Gin gives a gin.Context to the next request. Whoever still has the context of the one before must not meet that.
func TestAContextThatOutlivesItsRequestKnowsNobody(t *testing.T) {
	t.Parallel()
	var kept context.Context
	var found []error
	app := newApp(t, with(func(cfg *config) { cfg.Exclude = append(cfg.Exclude, "/keep", "/meanwhile") }), routes(func(r *gin.Engine, _ config) {
		r.GET("/keep", func(c *gin.Context) { kept = c.Request.Context() })
		r.GET("/meanwhile", func(*gin.Context) {
			_, err := ginauth.CurrentUser[user](kept)
			found = append(found, err)
		})
	}))
	ada, grace := app.signUp(t, ada), app.signUp(t, grace)
	for range 20 { // a sync.Pool may give another one
		ada.get("/keep")
		grace.get("/meanwhile")
	}
	for _, err := range found {
		if !errors.Is(err, ginauth.ErrNotMounted) {
			t.Fatalf("the context of a request that is over: %v", err)
		}
	}
}

// An access log, say, asks when Session and the handlers are done.
func TestMiddlewareInFrontOfSessionKnowsTheUserAfterwards(t *testing.T) {
	t.Parallel()
	var logged string
	app := newApp(t, before(func(r *gin.Engine) {
		r.Use(func(c *gin.Context) {
			c.Next()
			u, err := ginauth.CurrentUser[user](c)
			auth, authErr := ginauth.CurrentAuth(c)
			if err != nil || authErr != nil || auth.Account.ID != u.ID {
				logged = "nobody"
				return
			}
			logged = u.Email
		})
	}))
	ada := app.signUp(t, ada)
	for _, path := range []string{"/", "/user"} { // excluded: nobody has asked before
		if ada.get(path); logged != "ada@example.com" {
			t.Errorf("%s was %s's", path, logged)
		}
	}
}

func TestUploadedFilesAreRemovedWithTheirRequest(t *testing.T) {
	t.Parallel()
	var name string
	upload := func(c *gin.Context) {
		header, err := c.FormFile("file")
		if err != nil {
			t.Error(err)
			return
		}
		f, err := header.Open()
		if err != nil {
			t.Error(err)
			return
		}
		name = f.(*os.File).Name() //nolint:forcetypeassert,errcheck // the test fails then
		_ = f.Close()
	}
	copied := func(c *gin.Context) { c.Request = c.Request.WithContext(context.WithoutCancel(c.Request.Context())) }
	app := newApp(t, before(func(r *gin.Engine) { r.MaxMultipartMemory = 1 }), routes(func(r *gin.Engine, _ config) {
		r.POST("/upload", upload)
		r.POST("/copied", copied, upload)
		r.POST("/panics", upload, func(*gin.Context) { panic("on purpose") })
	}))
	server := httptest.NewServer(app)
	t.Cleanup(server.Close)
	ada := app.signUp(t, ada)
	for _, path := range []string{"/upload", "/copied", "/panics"} {
		for _, send := range []func(*http.Request){
			func(r *http.Request) { app.send(r) },
			func(r *http.Request) {
				answer, err := server.Client().Do(r)
				if err != nil {
					t.Fatal(err)
				}
				_ = answer.Body.Close()
			},
		} {
			var body bytes.Buffer
			form := multipart.NewWriter(&body)
			part, _ := form.CreateFormFile("file", "a.bin")
			_, _ = part.Write(bytes.Repeat([]byte("x"), 1<<20))
			_ = form.Close()
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+path, &body)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", form.FormDataContentType())
			r.AddCookie(&http.Cookie{Name: cookie, Value: ada.value})
			name = ""
			send(r)
			if _, err := os.Stat(name); name == "" || !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s: the file %q is still there: %v", path, name, err)
			}
		}
	}
}
