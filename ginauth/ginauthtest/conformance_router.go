package ginauthtest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/openapi"
)

// examiner runs the checks of Conformance.
type examiner[U any] struct {
	tb     testing.TB
	app    *App[U]
	expect expected
	now    Requirement // the one that is being checked
	routes []*route
	owner  *Client[U]     // whose things the paths lead to
	set    []*http.Cookie // all that the app has set
}

// route is a route of the app, with a request for it.
type route struct {
	method, template string
	operation        string // of ginauth's own handlers
	ours, protected  bool
	anyScope         bool // takes credentials of every scope
	sampled          bool // the path leads to a thing of the owner's
	path             string
	body             any
	broken           bool // a requirement of access
	endless          bool // does not come to an end, such as a stream of events
}

// patience is how long a handler may take. One that takes longer is left out.
const patience = 5 * time.Second

func (r *route) String() string { return r.method + " " + r.template }

func (r *route) safe() bool {
	return slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace}, r.method)
}

// operation is what the description of a route says.
type operation struct {
	ID          string   `json:"operationId"`
	Guards      []string `json:"x-ginauth-guards"`
	RequestBody struct {
		Content map[string]struct{ Schema schema }
	}
}

type schema struct {
	Ref        string `json:"$ref"`
	Type       any
	Format     string
	Examples   []any
	Enum       []any
	Properties map[string]schema
}

type description struct {
	Paths      map[string]map[string]json.RawMessage
	Components struct{ Schemas map[string]schema }
}

// readRouter lists the routes and makes a request for each.
func (e *examiner[U]) readRouter() error {
	document, err := openapi.Build(e.app.Engine, openapi.Options{})
	if err != nil {
		return fmt.Errorf("describing the router: %w", err)
	}
	var d description
	if err := json.Unmarshal(document.JSON(), &d); err != nil {
		return fmt.Errorf("reading the description of the router: %w", err)
	}
	public := document.Report().Public
	for _, info := range e.app.Engine.Routes() {
		r := &route{method: info.Method, template: info.Path, ours: isOurs(info.Handler)}
		o := d.operation(r)
		if r.ours {
			r.operation = o.ID
		}
		r.anyScope = slices.Contains(o.Guards, "anyScope")
		page := strings.HasPrefix(info.Handler, core+"/openapi.") // which the description leaves out
		open := page || r.ours && slices.Contains(public, r.String())
		r.protected = !open && !matches(e.expect.public, r.method, r.template)
		if !r.safe() {
			r.body = d.example(o)
		}
		e.routes = append(e.routes, r)
	}
	slices.SortFunc(e.routes, func(a, b *route) int {
		return cmp.Or(strings.Compare(a.template, b.template), strings.Compare(a.method, b.method))
	})
	return e.makePaths()
}

// core is the path of package ginauth.
var core = reflect.TypeFor[driver.UserID]().PkgPath()[:len(reflect.TypeFor[driver.UserID]().PkgPath())-len("/driver")]

// isOurs says whether a handler is one of ginauth's operations, by its name in Gin's list of routes.
func isOurs(handler string) bool {
	start := strings.LastIndexByte(handler[:cmp.Or(max(0, strings.IndexByte(handler, '[')), len(handler))], '/') + 1
	name, function, _ := strings.Cut(handler[start:], ".")
	in := handler[:start] + name
	if in != core && !strings.HasPrefix(in, core+"/") || strings.HasSuffix(in, "_test") {
		return false
	}
	return in != core || !strings.HasPrefix(function, "With[") && !strings.HasPrefix(function, "Require")
}

var ginParameter = regexp.MustCompile(`[:*]([^/]+)`)

func (d description) operation(r *route) (o operation) {
	raw := d.Paths[ginParameter.ReplaceAllString(r.template, "{$1}")][strings.ToLower(r.method)]
	_ = json.Unmarshal(raw, &o) // a route that cannot be described has none
	return o
}

// example makes a body from the description of a route.
func (d description) example(o operation) any {
	for _, content := range o.RequestBody.Content {
		return d.value(content.Schema, "", 0)
	}
	return map[string]any{}
}

func (d description) value(s schema, name string, depth int) any {
	if s.Ref != "" {
		s = d.Components.Schemas[path.Base(s.Ref)]
	}
	if s.Properties != nil && depth < 4 {
		object := map[string]any{}
		for property, of := range s.Properties {
			object[property] = d.value(of, property, depth+1)
		}
		return object
	}
	switch kind, _ := s.Type.(string); {
	case strings.Contains(name, "password"):
		return Password
	case len(s.Examples) > 0:
		return s.Examples[0]
	case len(s.Enum) > 0:
		return s.Enum[0]
	case kind == "integer" || kind == "number":
		return 1
	case kind == "boolean":
		return false
	case kind == "array":
		return []any{}
	case kind == "object":
		return map[string]any{}
	}
	return "x"
}

// makePaths fills in the parameters of the paths, with ids of the owner.
func (e *examiner[U]) makePaths() error {
	for rule := range e.expect.samples {
		if !slices.ContainsFunc(e.routes, func(r *route) bool { return r.String() == rule }) {
			return fmt.Errorf("the app has no route %q, for which there is a Sample", rule)
		}
	}
	if !e.app.config.Options().NoSessions {
		e.owner = e.user()
	} else {
		e.owner = e.app.Anonymous()
		e.owner.User = e.app.Create(e.zero())
	}
	id := string(e.app.config.Account(e.owner.User).ID)
	for _, r := range e.routes {
		r.path = ginParameter.ReplaceAllString(r.template, url.PathEscape(id))
		if of, given := e.expect.samples[r.String()]; given {
			request, ok := of.(func(*Client[U]) (string, any))
			if !ok {
				return fmt.Errorf("the Sample of %s is a %T, but the app's users are of another type", r, of)
			}
			var body any
			if r.path, body = request(e.owner); body != nil {
				r.body = body
			}
			r.sampled = r.template != r.path
		}
	}
	e.findEndless()
	return nil
}

// findEndless asks for each page once.
func (e *examiner[U]) findEndless() {
	for _, r := range e.to((*route).safe) {
		c := e.app.Anonymous()
		if r.protected && !e.app.config.Options().NoSessions {
			c = e.user()
		}
		e.ask(c, r)
	}
}

// zero is a user without fields.
func (e *examiner[U]) zero() (u U) {
	if v := reflect.ValueOf(&u).Elem(); v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
	}
	return u
}

// user returns the client of a new user who has just logged in, with a proved address if the store
// can have that.
func (e *examiner[U]) user() *Client[U] {
	e.tb.Helper()
	return e.app.As(e.zero(), Fresh(), func(l *login) { l.verified, l.lenient = true, true })
}

// to returns the routes of a kind that are not left out.
func (e *examiner[U]) to(kind func(*route) bool) (chosen []*route) {
	for _, r := range e.routes {
		switch {
		case !kind(r):
		case r.endless || matches(e.expect.except[e.now.ID], r.method, r.template):
			e.now.Excepted = append(e.now.Excepted, r.String())
		case !r.broken:
			chosen = append(chosen, r)
		}
	}
	return chosen
}

func protected(r *route) bool { return r.protected }

// request makes the request of a route.
func (e *examiner[U]) request(c *Client[U], r *route) *http.Request {
	e.tb.Helper()
	return e.requestTo(c, r.method, r.path, r.body)
}

func (e *examiner[U]) requestTo(c *Client[U], method, target string, body any) *http.Request {
	e.tb.Helper()
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			e.tb.Fatalf("ginauthtest: the body of %s %s: %v", method, target, err)
		}
		content = bytes.NewReader(encoded)
	}
	q := httptest.NewRequestWithContext(e.tb.Context(), method, c.base.Scheme+"://"+c.base.Host+"/", content)
	q.URL.Path, q.URL.RawQuery, _ = strings.Cut(target, "?")
	if unescaped, err := url.PathUnescape(q.URL.Path); err == nil && unescaped != q.URL.Path {
		q.URL.Path, q.URL.RawPath = unescaped, q.URL.Path
	}
	q.RequestURI = target
	if body != nil {
		q.Header.Set("Content-Type", "application/json")
	}
	q.Header.Set("Accept", "application/json")
	return q
}

// send counts a request and keeps the cookies that it sets.
func (e *examiner[U]) send(c *Client[U], q *http.Request) (w *Response) {
	e.tb.Helper()
	e.now.Requests++
	defer func() {
		if p := recover(); p != nil { // as net/http does, for a handler that panics
			w = &Response{Code: http.StatusInternalServerError, Header: http.Header{}, Body: fmt.Sprint(p), tb: e.tb, what: q.Method + " " + q.URL.Path}
		}
	}()
	ctx, cancel := context.WithTimeout(q.Context(), patience)
	defer cancel()
	w = c.Do(q.WithContext(ctx))
	e.set = append(e.set, (&http.Response{Header: w.Header}).Cookies()...)
	return w
}

func (e *examiner[U]) ask(c *Client[U], r *route) *Response {
	e.tb.Helper()
	began := time.Now() //nolint:forbidigo // handlers take real time
	w := e.send(c, e.request(c, r))
	r.endless = r.endless || time.Since(began) >= patience //nolint:forbidigo // the same
	return w
}

// with returns a client that has a session token and nothing else.
func (e *examiner[U]) with(token string) *Client[U] {
	c := e.app.Anonymous()
	c.SetCookie(e.app.SessionCookie(), token)
	return c
}

func (e *examiner[U]) token(c *Client[U]) string { return c.Cookie(e.app.SessionCookie()) }

// refused says whether an answer is that to somebody who has not logged in.
func (e *examiner[U]) refused(w *Response) bool {
	if w.Code == http.StatusUnauthorized || w.Code == http.StatusTooManyRequests {
		return true
	}
	page := e.app.config.Options().Pages.Login
	to, err := url.Parse(w.Header.Get("Location"))
	return page != "" && w.Code >= 300 && w.Code < 400 && err == nil && strings.HasSuffix(to.Path, page)
}

// alive says whether a client's session goes on, whatever the app's routes say.
func (e *examiner[U]) alive(c *Client[U]) bool { return e.app.inside.use(c) == nil }

// refuses sends a client to all protected routes, and reports those that let it in. What makes the
// client is called for each.
func (e *examiner[U]) refuses(what string, client func() *Client[U]) {
	e.tb.Helper()
	routes := e.to(protected)
	var open []*route
	var first *Response
	for _, r := range routes {
		if w := e.ask(client(), r); !e.refused(w) {
			open = append(open, r)
			if first == nil {
				first = w
			}
		}
	}
	e.report(what, open, len(routes), first)
}

// report says which routes let somebody in. If all do, that is not their fault.
func (e *examiner[U]) report(what string, open []*route, all int, first *Response) {
	if len(open) == 0 {
		return
	}
	if len(open) == all && all > 1 {
		e.found("%s: all %d protected routes answer, such as %s with %d", what, all, open[0], first.Code)
		return
	}
	for _, r := range open {
		r.broken = true
		e.found("%s: %s answers, and does not refuse with 401", what, r)
	}
}

// merged returns an object with further fields, or nil for a body of another kind.
func merged(body any, more map[string]any) map[string]any {
	encoded, err := json.Marshal(body)
	object := map[string]any{}
	if err != nil || json.Unmarshal(encoded, &object) != nil {
		return nil
	}
	maps.Copy(object, more)
	return object
}

// find asks the stores of the app for an optional method.
func find[T any, U any](a *App[U]) (found T, ok bool) {
	o := a.config.Options()
	for _, s := range []any{o.Users, o.Sessions} {
		if found, ok = s.(T); ok {
			return found, true
		}
	}
	return found, false
}

func (e *examiner[U]) context() context.Context { return e.tb.Context() }
