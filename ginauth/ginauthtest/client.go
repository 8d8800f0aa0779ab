package ginauthtest

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

const (
	// html is what browsers accept when they open a page.
	html = "text/html,application/xhtml+xml,*/*;q=0.8"
	// maxRedirects is where browsers give up.
	maxRedirects = 20
)

// Client is a browser of the app: it keeps cookies, and sends what pages of the same origin send.
// Paths are those of the app's routes, or links of the app's mails. It is safe for concurrent use,
// but for its fields.
type Client[U any] struct {
	// User is who As has logged in, as the store has returned them then. It is zero for Anonymous.
	User U
	// Header is set in every request, such as an Authorization. Default: none.
	Header http.Header

	tb     testing.TB
	router http.Handler
	base   *url.URL
	jar    *jar
	server *server
}

// GET asks for a path, as a script of a page does.
func (c *Client[U]) GET(path string) *Response {
	c.tb.Helper()
	return c.send(http.MethodGet, path, nil)
}

// POST sends a body as JSON: a value that json.Marshal takes, or nil for an empty body.
func (c *Client[U]) POST(path string, body any) *Response {
	c.tb.Helper()
	return c.send(http.MethodPost, path, body)
}

// PUT is POST with another method.
func (c *Client[U]) PUT(path string, body any) *Response {
	c.tb.Helper()
	return c.send(http.MethodPut, path, body)
}

// PATCH is POST with another method.
func (c *Client[U]) PATCH(path string, body any) *Response {
	c.tb.Helper()
	return c.send(http.MethodPatch, path, body)
}

// DELETE is GET with another method.
func (c *Client[U]) DELETE(path string) *Response {
	c.tb.Helper()
	return c.send(http.MethodDelete, path, nil)
}

// Form posts an HTML form. It follows no redirect.
func (c *Client[U]) Form(path string, values url.Values) *Response {
	c.tb.Helper()
	r := c.request(http.MethodPost, path, strings.NewReader(values.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", html)
	return c.Do(r)
}

// Page opens a page, as who clicks a link does, and follows redirects within the app.
func (c *Client[U]) Page(path string) *Response {
	c.tb.Helper()
	for range maxRedirects {
		r := c.request(http.MethodGet, path, nil)
		r.Header.Set("Accept", html)
		w := c.Do(r)
		to := w.Header.Get("Location")
		if w.Code < 300 || w.Code > 399 || to == "" {
			return w
		}
		path = to
	}
	c.tb.Fatalf("ginauthtest: %s: more than %d redirects", path, maxRedirects)
	return nil
}

// Do sends a request with the client's cookies and header fields, and those that browsers add for a
// page of the same origin, where it has none of its own.
func (c *Client[U]) Do(r *http.Request) *Response {
	c.tb.Helper()
	r.Host = c.base.Host
	maps.Copy(r.Header, c.Header)
	if r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "" {
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			r.Header.Set("Origin", c.base.Scheme+"://"+c.base.Host)
		}
	}
	c.jar.give(r)
	w := httptest.NewRecorder()
	c.router.ServeHTTP(w, r)
	answer := w.Result()
	defer func() { _ = answer.Body.Close() }()
	c.jar.take(answer.Cookies())
	return &Response{
		Code: w.Code, Header: answer.Header, Body: w.Body.String(), Path: r.URL.Path,
		tb: c.tb, what: r.Method + " " + r.URL.Path,
	}
}

// Cookie returns the value of a cookie, "" for none. App.SessionCookie names that of the session.
func (c *Client[U]) Cookie(name string) string {
	for _, k := range c.jar.live() {
		if k.name == name {
			return k.value
		}
	}
	return ""
}

// SetCookie plants a cookie, as of a thief. An empty value removes it.
func (c *Client[U]) SetCookie(name, value string) {
	c.jar.mu.Lock()
	defer c.jar.mu.Unlock()
	c.jar.put(kept{name: name, value: value, path: "/"}, value == "")
}

func (c *Client[U]) send(method, path string, body any) *Response {
	c.tb.Helper()
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			c.tb.Fatalf("ginauthtest: the body of %s %s: %v", method, path, err)
		}
		content = bytes.NewReader(encoded)
	}
	r := c.request(method, path, content)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return c.Do(r)
}

// request also takes a link, and removes of it what a proxy would.
func (c *Client[U]) request(method, target string, body io.Reader) *http.Request {
	c.tb.Helper()
	if origin := c.base.Scheme + "://" + c.base.Host; strings.Contains(target, "://") {
		path, ours := strings.CutPrefix(target, origin)
		if !ours {
			c.tb.Fatalf("ginauthtest: %s leads away from the app, which is at %s", target, origin)
		}
		target = path
	}
	if rest, found := strings.CutPrefix(target, c.base.Path+"/"); found && c.base.Path != "" {
		target = "/" + rest
	}
	if !strings.HasPrefix(target, "/") {
		c.tb.Fatalf("ginauthtest: the path %q does not begin with /", target)
	}
	r := httptest.NewRequestWithContext(c.tb.Context(), method, c.base.Scheme+"://"+c.base.Host+target, body)
	r.RequestURI = target
	return r
}
