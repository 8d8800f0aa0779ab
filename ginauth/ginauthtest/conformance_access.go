package ginauthtest

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store/memory"
)

const (
	noSessions = "the app has no sessions"
	noRoutes   = "the app has no protected routes"
)

func (e *examiner[U]) sessions() bool { return !e.app.config.Options().NoSessions }

func (e *examiner[U]) anonymous() string {
	if len(e.to(protected)) == 0 {
		return noRoutes
	}
	for _, r := range e.to(protected) {
		if w := e.ask(e.app.Anonymous(), r); !e.refused(w) {
			r.broken = true
			e.found("%s answers %d to a request without credentials: if it is meant for everybody, name it in Public", r, w.Code)
		}
	}
	return ""
}

func (e *examiner[U]) forged() string {
	for what, header := range map[string]string{
		"a made-up bearer token": "Bearer " + driver.NewToken().Reveal(), "a made-up JSON web token": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.",
	} {
		e.refuses(what, func() *Client[U] {
			c := e.app.Anonymous()
			c.Header = http.Header{"Authorization": {header}}
			return c
		})
	}
	if !e.sessions() {
		return ""
	}
	e.refuses("a made-up session token", func() *Client[U] { return e.with(driver.NewToken().Reveal()) })
	e.refuses("a session token that is none", func() *Client[U] { return e.with("admin") })
	token := e.token(e.user())
	e.refuses("a session token with a letter too many", func() *Client[U] { return e.with(token + "A") })
	return ""
}

// places are where frameworks look for tokens.
var places = []string{"token", "access_token", "auth", "session", "sid", "session_id", "sessionid", "jwt", "key"}

func (e *examiner[U]) elsewhere() string {
	if !e.sessions() {
		return noSessions
	}
	token := e.token(e.user())
	var open []*route
	var first *Response
	routes := e.to(protected)
	for _, r := range routes {
		q := e.request(e.app.Anonymous(), r)
		query := q.URL.Query()
		for _, place := range append([]string{e.app.SessionCookie(), e.app.config.Options().Cookie.Name}, places...) {
			query.Set(place, token)
			q.Header.Set("X-"+strings.ReplaceAll(strings.Trim(place, "_"), "_", "-"), token)
		}
		q.Header.Set("Authorization", "Bearer "+token)
		q.URL.RawQuery = query.Encode()
		q.RequestURI = q.URL.RequestURI()
		if w := e.send(e.app.Anonymous(), q); !e.refused(w) {
			open, first = append(open, r), w
		}
	}
	e.report("a session token in the URL or in a header", open, len(routes), first)
	return ""
}

// variants of a path that some part of an app may take for another one.
func variants(path string) []string {
	found := []string{"/" + path, path + "/", "/." + path, "/x/.." + path, path + "//", path + "/.", "/%2e" + path}
	if upper := strings.ToUpper(path); upper != path {
		found = append(found, upper)
	}
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		found = append(found, path[:i]+"/"+path[i:], path[:i]+"%2f"+path[i+1:])
	}
	if len(path) > 1 && path[1] != '%' {
		found = append(found, "/%"+strings.ToUpper(hex(path[1]))+path[2:])
	}
	return found
}

func hex(b byte) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[b>>4], digits[b&15]})
}

func (e *examiner[U]) variants() string {
	nowhere := map[string]*Response{}
	for _, r := range e.to(protected) {
		if nowhere[r.method] == nil {
			nowhere[r.method] = e.send(e.app.Anonymous(), e.requestTo(e.app.Anonymous(), r.method, "/ginauthtest/nowhere", r.body))
		}
		spellings := variants(r.path)
		if r.method == http.MethodGet {
			spellings = append(spellings, r.path) // by HEAD
		}
		for _, target := range spellings {
			method := r.method
			if target == r.path {
				method = http.MethodHead
			}
			if e.leadsToOther(r, target) {
				continue
			}
			if w := e.follow(method, target, r.body); e.handled(w) && !same(w, nowhere[r.method]) {
				r.broken = true
				e.found("%s answers %d to a request without credentials for %s %s", r, w.Code, method, target)
				break
			}
		}
	}
	return ""
}

// leadsToOther says whether a path is one of another route that is open, or known to be.
func (e *examiner[U]) leadsToOther(of *route, target string) bool {
	return slices.ContainsFunc(e.routes, func(r *route) bool {
		return r != of && (!r.protected || r.broken) && fits(r.template, target)
	})
}

// fits says whether a path is one of a template.
func fits(template, path string) bool {
	wanted, parts := strings.Split(template, "/"), strings.Split(path, "/")
	for i, want := range wanted {
		switch {
		case strings.HasPrefix(want, "*"):
			return true
		case i >= len(parts) || !strings.HasPrefix(want, ":") && want != parts[i]:
			return false
		}
	}
	return len(wanted) == len(parts)
}

// follow also goes where Gin redirects to.
func (e *examiner[U]) follow(method, target string, body any) *Response {
	c := e.app.Anonymous()
	w := e.send(c, e.requestTo(c, method, target, body))
	if to := w.Header.Get("Location"); (w.Code == http.StatusMovedPermanently || w.Code == http.StatusTemporaryRedirect) && strings.HasPrefix(to, "/") {
		return e.send(c, e.requestTo(c, method, to, body))
	}
	return w
}

// handled says whether an answer is one of a handler, and not of something that refuses.
func (e *examiner[U]) handled(w *Response) bool {
	switch w.Code {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed,
		http.StatusMisdirectedRequest, http.StatusMovedPermanently, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return false
	}
	return !e.refused(w)
}

func same(a, b *Response) bool { return a.Code == b.Code && a.Body == b.Body }

func (e *examiner[U]) logout() string {
	if !e.sessions() {
		return noSessions
	}
	routes := e.to(func(r *route) bool {
		return !r.safe() && (strings.HasPrefix(r.operation, "logout") || r.operation == "" && endsWith(r.template, "logout", "log-out", "signout", "sign-out"))
	})
	if len(routes) == 0 {
		return "the app has no route to log out"
	}
	for _, r := range routes {
		c := e.user()
		token := e.token(c)
		e.warm(c)
		if w := e.ask(c, r); w.Code >= http.StatusBadRequest {
			e.found("%s answers %d to a user who logs out", r, w.Code)
			continue
		}
		if e.token(c) == token {
			e.found("%s leaves the cookie in the browser", r)
		}
		e.refuses("after "+r.String()+" the token of before", func() *Client[U] { return e.with(token) })
	}
	return ""
}

// warm uses a session everywhere, so that what caches it does.
func (e *examiner[U]) warm(c *Client[U]) {
	token := e.token(c)
	for _, r := range e.to(func(r *route) bool { return r.protected && r.safe() }) {
		e.ask(e.with(token), r)
	}
}

// endsWith says whether the last part of a path is one of some words.
func endsWith(template string, words ...string) bool {
	last := strings.ToLower(template[strings.LastIndexByte(template, '/')+1:])
	for _, word := range words {
		if last == word {
			return true
		}
	}
	return false
}

func (e *examiner[U]) revoked() string {
	if !e.sessions() {
		return noSessions
	}
	logins, ok := find[driver.Logins](e.app)
	if !ok {
		return "the store of sessions cannot end those of a user"
	}
	c := e.user()
	e.warm(c)
	if err := logins.RevokeUserSessions(e.context(), e.id(c), ""); err != nil {
		e.found("revoking the sessions of a user: %v", err)
		return ""
	}
	e.refuses("a session that was revoked", func() *Client[U] { return e.with(e.token(c)) })
	return ""
}

func (e *examiner[U]) id(c *Client[U]) driver.UserID { return e.app.config.Account(c.User).ID }

func (e *examiner[U]) disabled() string {
	if !e.sessions() {
		return noSessions
	}
	disabler, canDisable := find[interface {
		DisableUser(ctx context.Context, id driver.UserID) error
	}](e.app)
	deleter, canDelete := find[interface {
		DeleteUser(ctx context.Context, id driver.UserID) error
	}](e.app)
	if !canDisable && !canDelete {
		return "the store of users can neither disable nor delete them"
	}
	if canDisable {
		e.ended("disabled", disabler.DisableUser)
	}
	if canDelete {
		e.ended("deleted", deleter.DeleteUser)
	}
	return ""
}

func (e *examiner[U]) ended(how string, end func(context.Context, driver.UserID) error) {
	c := e.user()
	e.warm(c)
	if err := end(e.context(), e.id(c)); err != nil {
		e.found("a user cannot be %s: %v", how, err)
		return
	}
	e.refuses("a session of a user who was "+how, func() *Client[U] { return e.with(e.token(c)) })
	for _, r := range e.to(e.isLogin) {
		if w := e.logIn(e.app.Anonymous(), r, c.User, Password); w.Cookie(e.app.SessionCookie()) != nil && e.alive(e.with(w.Cookie(e.app.SessionCookie()).Value)) {
			e.found("%s logs in a user who was %s", r, how)
		}
	}
}

// byClock says why the ends of sessions cannot be checked.
func (e *examiner[U]) byClock() string {
	if !e.sessions() {
		return noSessions
	}
	if _, ok := find[driver.Sessions](e.app); !ok {
		return "the store of sessions does not go by the test's clock"
	}
	if e.probe() == nil {
		return noRoutes
	}
	return ""
}

// probe is a route that lets users in.
func (e *examiner[U]) probe() *route {
	c := e.user()
	for _, kind := range []func(*route) bool{(*route).safe, func(*route) bool { return true }} {
		for _, r := range e.to(func(r *route) bool { return r.protected && kind(r) }) {
			if !e.refused(e.ask(c, r)) && e.alive(c) {
				return r
			}
		}
	}
	return nil
}

func (e *examiner[U]) idle() string {
	if skipped := e.byClock(); skipped != "" {
		return skipped
	}
	c := e.user()
	e.warm(c)
	e.app.Clock.Advance(e.app.config.Options().IdleTimeout + time.Second)
	e.refuses("a session that was not used for longer than Options.IdleTimeout", func() *Client[U] { return e.with(e.token(c)) })
	return ""
}

func (e *examiner[U]) absolute() string {
	if skipped := e.byClock(); skipped != "" {
		return skipped
	}
	o, probe, c := e.app.config.Options(), e.probe(), e.user()
	token, end := e.token(c), e.app.Clock.Now().Add(o.Lifetime)
	for step := o.IdleTimeout / 2; e.app.Clock.Now().Add(step).Before(end); {
		e.app.Clock.Advance(step)
		e.ask(e.with(token), probe)
	}
	e.app.Clock.Advance(o.IdleTimeout/2 + time.Second)
	e.refuses("a session older than Options.Lifetime that was used all the time", func() *Client[U] { return e.with(token) })
	return ""
}

// outage comes last: without its database the app can do nothing more.
func (e *examiner[U]) outage() string {
	switch {
	case !e.sessions():
		return noSessions
	case len(e.to(protected)) == 0:
		return noRoutes
	}
	tokens := []string{e.token(e.user())}
	kept := e.app.config.Options().Sessions
	if _, asks := kept.(driver.Sessions); asks || kept == nil {
		tokens = append(tokens, driver.NewToken().Reveal()) // other stores need no database to refuse it
	}
	ctx, cancel := e.context(), context.CancelFunc(func() {})
	switch _, inMemory := e.app.config.Options().Users.(*memory.Store[U]); {
	case e.app.Pool != nil:
		e.app.Pool.Close()
	case inMemory:
		// A store in memory is away for whoever has no time left.
		ctx, cancel = context.WithDeadline(ctx, time.Now().Add(-time.Second)) //nolint:forbidigo // a context goes by the time of day
	default:
		return "the app's own store cannot be taken away"
	}
	defer cancel()
	for _, token := range tokens {
		for _, r := range e.to(protected) {
			c := e.with(token)
			w := e.send(c, e.request(c, r).WithContext(ctx))
			switch k := w.Cookie(e.app.SessionCookie()); {
			case w.Code < http.StatusInternalServerError:
				r.broken = true
				e.found("%s answers %d while the database is away, and not 503", r, w.Code)
			case k != nil:
				e.found("%s changes the cookie while the database is away", r)
			}
		}
	}
	return ""
}
