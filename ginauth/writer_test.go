package ginauth_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/flow"
)

func sessionOf(c *gin.Context) sessions.Session { return sessions.Default(c) }

func TestChangesAreSavedHoweverTheAnswerIsWritten(t *testing.T) {
	t.Parallel()
	answers := map[string]func(*gin.Context){
		"JSON":       func(c *gin.Context) { c.JSON(http.StatusOK, gin.H{"a": 1}) },
		"status":     func(c *gin.Context) { c.Status(http.StatusNoContent) },
		"redirect":   func(c *gin.Context) { c.Redirect(http.StatusSeeOther, "/") },
		"abort":      func(c *gin.Context) { c.AbortWithStatus(http.StatusTeapot) },
		"nothing":    func(*gin.Context) {},
		"304":        func(c *gin.Context) { c.Status(http.StatusNotModified) },
		"flush":      func(c *gin.Context) { c.Writer.Flush() },
		"controller": func(c *gin.Context) { _ = http.NewResponseController(c.Writer).Flush() },
		"string":     func(c *gin.Context) { _, _ = c.Writer.WriteString("x") },
		"two writes": func(c *gin.Context) { c.String(http.StatusOK, "a"); c.String(http.StatusOK, "b") },
	}
	app := newApp(t, with(func(cfg *config) { cfg.Exclude = append(cfg.Exclude, "/set/:how", "/get") }), routes(func(r *gin.Engine, _ config) {
		set := func(c *gin.Context) {
			sessionOf(c).Set("how", c.Param("how"))
			answers[c.Param("how")](c)
		}
		r.GET("/set/:how", set)
		r.HEAD("/set/:how", set)
		r.GET("/get", func(c *gin.Context) {
			how, _ := sessionOf(c).Get("how").(string)
			c.String(http.StatusOK, how)
		})
	}))
	for how := range answers {
		for _, method := range []string{"GET", "HEAD"} {
			c := &client{handler: app}
			w := c.do(httptest.NewRequest(method, "/set/"+strings.ReplaceAll(how, " ", "%20"), nil))
			if set := w.Header().Values("Set-Cookie"); len(set) != 1 {
				t.Errorf("%s %s: Set-Cookie %q", method, how, set)
			}
			if got := c.get("/get").Body.String(); got != how {
				t.Errorf("%s %s: stored %q", method, how, got)
			}
		}
	}
	if n := app.count(t, "SELECT count(*) FROM ginauth.sessions"); n != 2*len(answers) {
		t.Errorf("%d sessions for %d clients", n, 2*len(answers))
	}
}

func TestNothingIsSavedWhenAHandlerPanics(t *testing.T) {
	t.Parallel()
	app := newApp(t, with(func(cfg *config) { cfg.Exclude = append(cfg.Exclude, "/panic") }), routes(func(r *gin.Engine, _ config) {
		r.GET("/panic", func(c *gin.Context) {
			sessionOf(c).Set("a", 1)
			panic("on purpose")
		})
	}))
	w := app.send(httptest.NewRequest(http.MethodGet, "/panic", nil))
	if w.Code != http.StatusInternalServerError || w.Header().Get("Set-Cookie") != "" || app.count(t, "SELECT count(*) FROM ginauth.sessions") != 0 {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

func TestAFailedSaveIsTheWholeAnswer(t *testing.T) {
	t.Parallel()
	app := newApp(t, routes(func(r *gin.Engine, _ config) {
		r.GET("/big", func(c *gin.Context) {
			sessionOf(c).Set("big", strings.Repeat("x", 17<<10))
			c.Header("ETag", `"1"`)
			c.Header("Content-Encoding", "br")
			c.JSON(http.StatusOK, gin.H{"secret": 1})
		})
		r.GET("/unsupported", func(c *gin.Context) {
			sessionOf(c).Set("f", func() {})
			c.Status(http.StatusNoContent)
		})
	}))
	c := app.signUp(t, ada)
	w := c.get("/big")
	if p := problemIn(t, w); w.Code != http.StatusRequestEntityTooLarge || p.Code != "session_too_large" || strings.Contains(w.Body.String(), "secret") ||
		w.Header().Get("ETag") != "" || w.Header().Get("Content-Encoding") != "" {
		t.Errorf("%d %s %v", w.Code, w.Body, w.Header())
	}
	if w := c.get("/unsupported"); w.Code != http.StatusInternalServerError || problemIn(t, w).RequestID == "" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestHijackedAndStreamedConnectionsWorkOverARealServer(t *testing.T) {
	t.Parallel()
	app := newApp(t, with(func(cfg *config) { cfg.Exclude = append(cfg.Exclude, "/hijack", "/deadline") }), routes(func(r *gin.Engine, _ config) {
		r.GET("/hijack", func(c *gin.Context) {
			sessionOf(c).Set("a", 1)
			conn, rw, err := c.Writer.Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = conn.Close() }()
			_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\n\r\n")
			_ = rw.Flush()
		})
		r.GET("/deadline", func(c *gin.Context) {
			if err := http.NewResponseController(c.Writer).SetWriteDeadline(time.Now().Add(time.Minute)); err != nil {
				t.Error(err)
			}
		})
	}))
	server := httptest.NewServer(app)
	t.Cleanup(server.Close)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, _ = io.WriteString(conn, "GET /hijack HTTP/1.1\r\nHost: x\r\n\r\n")
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "101") {
		t.Errorf("%q, %v", line, err)
	}
	if n := app.count(t, "SELECT count(*) FROM ginauth.sessions"); n != 1 {
		t.Errorf("%d sessions", n)
	}
	r, err := server.Client().Get(server.URL + "/deadline")
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Body.Close()
}

func TestASessionStartedTooLateIsReported(t *testing.T) {
	t.Parallel()
	app := newApp(t, with(func(cfg *config) { cfg.Exclude = append(cfg.Exclude, "/late") }), routes(func(r *gin.Engine, _ config) {
		r.GET("/late", func(c *gin.Context) {
			c.String(http.StatusOK, "x")
			sessionOf(c).Set("a", 1)
		})
	}))
	w := app.send(httptest.NewRequest(http.MethodGet, "/late", nil))
	if w.Body.String() != "x" || w.Header().Get("Set-Cookie") != "" || !strings.Contains(app.log.String(), "cookie cannot change any more") ||
		app.count(t, "SELECT count(*) FROM ginauth.sessions") != 0 {
		t.Errorf("%d %s %s", w.Code, w.Body, app.log)
	}
}

func TestMiddlewareInFrontOfSessionAnswersLast(t *testing.T) {
	t.Parallel()
	app := newApp(t, before(func(r *gin.Engine) {
		r.Use(gin.CustomRecoveryWithWriter(io.Discard, func(c *gin.Context, _ any) { ginauth.Fail(c, ginauth.ErrForbidden) }))
		r.Use(func(c *gin.Context) {
			c.Next()
			if c.Query("fail") != "" {
				ginauth.Fail(c, ginauth.ErrForbidden)
			}
			if c.Query("reply") != "" {
				flow.Reply(c, http.StatusForbidden, gin.H{"code": "forbidden"})
			}
			if err := ginauth.Renew(c); c.FullPath() != "" && !errors.Is(err, ginauth.ErrNotMounted) {
				t.Errorf("renewing a session behind Session: %v", err)
			}
		})
	}), with(func(cfg *config) { cfg.Exclude = append(cfg.Exclude, "/empty", "/panic") }), routes(func(r *gin.Engine, _ config) {
		r.GET("/empty", func(*gin.Context) {})
		r.GET("/panic", func(*gin.Context) { panic("out of tea") })
	}))
	for _, path := range []string{"/panic", "/empty?fail=1", "/empty?reply=1"} {
		w := app.send(httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), `"code":"forbidden"`) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
