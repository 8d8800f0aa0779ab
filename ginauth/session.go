package ginauth

import (
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/proxy"
	"github.com/ginauth/ginauth/ginauth/internal/route"
	"github.com/ginauth/ginauth/ginauth/internal/rule"
)

// Session returns the middleware that protects every route registered after it, except
// those of Options.Exclude. Gin applies middleware to later routes only: a route that was
// registered before router.Use(ginauth.Session(cfg)) is open. CheckRoutes finds those.
//
// A protected request without a live session is answered 401, or, for a browser, with a
// redirect to Pages.Login; when the store cannot be asked it is answered 503, never taken for
// anonymous. Unsafe requests from other origins, and those that open a WebSocket, are refused with 403 on every route, excluded
// or not. Options.Unverified may refuse users whose address was not proved. On an excluded route nothing is looked up until CurrentUser or sessions.Default asks.
//
// A CORS preflight of a protected route, which has no user and which anybody can forge, is answered 204 and runs
// nothing: register CORS middleware before Session. Rules such as "OPTIONS /template" in Exclude let preflights through.
//
// Register Gin's Recovery before Session, so that a handler that panics saves nothing, and run Gin
// in release mode: its debug mode prints cookies after a panic. A second Session on a group protects, too: it closes
// what the first one excludes and it does not, and opens nothing that the first one protects. It must have
// the same cookie, stores, backends and RetrieveUser.
//
// Session panics when New did not make cfg, as every constructor does, and where Options.NoSessions is set.
func Session[U any](cfg *Config[U]) gin.HandlerFunc {
	h := protect(compileChain("Session", cfg, []Backend[U]{sessionsOf("Session", cfg)}), cfg.o.Exclude, cfg.o.UnverifiedMay)
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

func protect(m *mount, exclude, may []string) *route.Handler {
	if err := route.Layout(); err != nil {
		panic(err.Error()) //nolint:forbidigo // while routes are built
	}
	if m.gorilla != nil && !m.gorilla.Revokes() {
		m.log.Warn("ginauth: a session in a cookie store can be used until it expires by whoever has a copy of its cookie, logged out or not; set Options.Users to a driver.Authority such as store.New, or Options.Sessions to store.NewSessions")
	}
	info := route.Info{
		Name: route.Session, For: route.Middleware, Mount: m, Cookie: m.cookie.name, Exclude: append([]string(nil), exclude...),
		Matches: func(text, method, template string) bool {
			r, err := rule.Parse(text)
			_, within := r.Within(method, template)
			return err == nil && (within || r.Matches(method, template))
		},
		Protects: m.protects, WantsVerified: m.wantsVerified, UnverifiedMay: append([]string(nil), may...), Ambient: m.ambient, Base: m.prefix, Redirects: m.pages.Login != "",
	}
	for _, p := range m.providers {
		s := p.scheme
		s.Scopes = maps.Clone(s.Scopes)
		info.Schemes = append(info.Schemes, s)
	}
	return route.New(info, m.serve)
}

// protects is asksUser as far as a route's template tells, for CheckRoutes and the OpenAPI document.
func (m *mount) protects(method, template string) bool {
	return !m.excluded.Match(method, template)
}

func (m *mount) serve(c *gin.Context) {
	if isAbsoluteForm(c.Request) {
		fail(c, m, errAbsoluteForm)
		return
	}
	if !m.cookie.allows(c.Request) {
		fail(c, m, ErrInsecureHost)
		return
	}
	if err := m.checkOrigin(c); err != nil {
		m.event(c, driver.CrossOriginRefused, "origin", proxy.Printable(c.GetHeader("Origin")))
		fail(c, m, ErrCrossOrigin)
		return
	}
	if outer := attached(c); outer != nil {
		m.serveInner(c, outer)
		return
	}
	m.watch.proxy(c.Request, m.proxies)
	st := m.attach(c)
	defer st.detach()
	if st.cookiesSent > 1 {
		m.event(c, driver.DuplicateCookie, "cookies", st.cookiesSent)
	}
	if m.admits(c, st, st.position) {
		c.Next()
	}
	st.writer.finish()
}

// serveInner is a second Session on the same request, such as one on a group: it adds its own
// rules to the same session and user.
func (m *mount) serveInner(c *gin.Context, outer *state) {
	if reason := m.unlike(outer.m); reason != "" {
		fail(c, outer.m, fmt.Errorf("%w: two ginauth.Session run on one route: %s", ErrNotMounted, reason))
		return
	}
	position := route.Position(c)
	if m.unverified != UnverifiedAllowed {
		outer.inner = append(outer.inner, inner{m, position})
	}
	if m.admits(c, outer, position) {
		c.Next()
	}
}

// fits says whether two configurations mean the same sessions and users.
func (m *mount) fits(other *mount) error {
	if reason := m.differs(other); reason != "" {
		return fmt.Errorf("%w: %s", ErrNotMounted, reason)
	}
	return nil
}

// differs is empty where two configurations mean the same sessions and users.
func (m *mount) differs(other *mount) string {
	switch {
	case m.cookie.name != other.cookie.name:
		return fmt.Sprintf("the cookies are %s and %s: use one Config", m.cookie.name, other.cookie.name)
	case !same(m.keeper, other.keeper) || m.users != nil && !same(m.users, other.users) || m.retrieves != other.retrieves:
		return "two Configs with different stores or RetrieveUser are mixed: use one Config"
	}
	return ""
}

// unlike is empty where a Session may stand behind another.
func (m *mount) unlike(outer *mount) string {
	if reason := m.differs(outer); reason != "" {
		return reason
	}
	if !m.asksLike(outer) {
		return "their backends differ: give both the same in the same order"
	}
	if m.retriever != outer.retriever {
		return "two Configs with different RetrieveUser are mixed: use one Config"
	}
	return ""
}

// asksLike says whether two mounts have the same backends in the same order.
func (m *mount) asksLike(other *mount) bool {
	return slices.EqualFunc(m.providers, other.providers, func(a, b provider) bool { return same(a.backend, b.backend) })
}

// same compares stores, which are pointers as a rule; what cannot be compared differs.
func same(a, b any) bool {
	return a == nil && b == nil || a != nil && reflect.ValueOf(a).Comparable() && a == b
}

// admits answers the request itself when it must not go on. The position is this Session's in the chain.
func (m *mount) admits(c *gin.Context, st *state, position int) bool {
	if !m.asksUser(c) {
		return true
	}
	if isPreflight(c) {
		c.AbortWithStatus(http.StatusNoContent)
		return false
	}
	if route.Behind(c, position).Open() {
		return true
	}
	_, err := st.currentUser(c)
	if err == nil {
		err = st.checkVerified(c, m, position)
	}
	if err != nil {
		fail(c, m, err)
		return false
	}
	return true
}
