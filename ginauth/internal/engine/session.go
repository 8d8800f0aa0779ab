package engine

import (
	"errors"
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

// Protect returns the handler of a Session or Authenticate with its description for CheckRoutes and
// OpenAPI.
func Protect(m *Mount, exclude, may []string) *route.Handler {
	if err := route.Layout(); err != nil {
		panic(err.Error()) //nolint:forbidigo // while routes are built
	}
	if m.Gorilla != nil && !m.Gorilla.Revokes() {
		m.Log.Warn("ginauth: anybody with a copy of its cookie can use a session in a cookie store until it expires, even after a logout; set Options.Users to a driver.Authority such as store.New, or Options.Sessions to store.NewSessions")
	}
	info := route.Info{
		Name: route.Session, For: route.Middleware, Mount: m, Cookie: m.Cookie.Name, Exclude: append([]string(nil), exclude...),
		Matches: func(text, method, template string) bool {
			r, err := rule.Parse(text)
			_, within := r.Within(method, template)
			return err == nil && (within || r.Matches(method, template))
		},
		Protects: m.protects, WantsVerified: m.wantsVerified, UnverifiedMay: append([]string(nil), may...), Ambient: m.ambient, Base: m.Prefix, Redirects: m.Pages.Login != "",
	}
	for _, p := range m.Providers {
		s := p.Scheme
		s.Scopes = maps.Clone(s.Scopes)
		info.Schemes = append(info.Schemes, s)
	}
	return route.New(info, m.serve)
}

// protects is asksUser by a route's template alone, for CheckRoutes and OpenAPI.
func (m *Mount) protects(method, template string) bool {
	return !m.Excluded.Match(method, template)
}

func (m *Mount) serve(c *gin.Context) {
	if isAbsoluteForm(c.Request) {
		fail(c, m, errAbsoluteForm)
		return
	}
	if !m.Cookie.allows(c.Request) {
		fail(c, m, ErrInsecureHost)
		return
	}
	if err := m.checkOrigin(c); err != nil {
		m.Event(c, driver.CrossOriginRefused, "origin", proxy.Printable(c.GetHeader("Origin")))
		fail(c, m, ErrCrossOrigin)
		return
	}
	if !m.Enter(c) {
		return
	}
	if outer := Attached(c); outer != nil {
		m.serveInner(c, outer)
		return
	}
	m.Watch.proxy(c.Request, m.Proxies)
	st := m.attach(c)
	defer st.detach()
	if st.cookiesSent > 1 {
		m.Event(c, driver.DuplicateCookie, "cookies", st.cookiesSent)
	}
	if m.admits(c, st, st.position) {
		c.Next()
	}
	st.writer.finish()
}

// Enter puts a request into its realm, and says whether the request may go on. If not, it has
// answered. A request is put into its realm once, however many handlers ask.
func (m *Mount) Enter(c *gin.Context) bool {
	if m.Realm == nil {
		return true
	}
	ctx := c.Request.Context()
	if realm, entered := c.Get(driver.RealmKey); entered && realm == driver.Realm(ctx) {
		return true
	} else if entered {
		fail(c, m, errRealmLost)
		return false
	}
	realm, err := m.Realm(c)
	if err == nil {
		err = driver.CheckRealm(realm)
	}
	if err != nil {
		if errors.Is(err, driver.ErrUnknownRealm) {
			err = fmt.Errorf("%w: %w", errUnknownRealm, err)
		}
		fail(c, m, err)
		return false
	}
	c.Set(driver.RealmKey, realm)
	c.Request = c.Request.WithContext(driver.WithRealm(c.Request.Context(), realm))
	return true
}

// serveInner serves a second Session on the same request, such as one on a group. It adds its own
// rules to the same session and user.
func (m *Mount) serveInner(c *gin.Context, outer *State) {
	if reason := m.unlike(outer.Mount); reason != "" {
		fail(c, outer.Mount, fmt.Errorf("%w: two ginauth.Session run on one route: %s", ErrNotMounted, reason))
		return
	}
	position := route.Position(c)
	if m.Unverified != UnverifiedAllowed {
		outer.inner = append(outer.inner, inner{m, position})
	}
	if m.admits(c, outer, position) {
		c.Next()
	}
}

// fits returns an error unless two mounts have the same sessions and users.
func (m *Mount) fits(other *Mount) error {
	if reason := m.differs(other); reason != "" {
		return fmt.Errorf("%w: %s", ErrNotMounted, reason)
	}
	return nil
}

// differs says how the sessions or users of two mounts differ. It is empty if they are the same.
func (m *Mount) differs(other *Mount) string {
	switch {
	case m.Cookie.Name != other.Cookie.Name:
		return fmt.Sprintf("the cookies are %s and %s: use one Config", m.Cookie.Name, other.Cookie.Name)
	case !Same(m.Keeper, other.Keeper) || m.Users != nil && !Same(m.Users, other.Users) || m.Retrieves != other.Retrieves:
		return "two Configs with different stores or RetrieveUser are mixed: use one Config"
	case m.Realms != other.Realms:
		return "two Configs with different Realm are mixed: use one Config"
	}
	return ""
}

// unlike says why a Session cannot stand behind another. It is empty if it can.
func (m *Mount) unlike(outer *Mount) string {
	if reason := m.differs(outer); reason != "" {
		return reason
	}
	if !m.asksLike(outer) {
		return "their backends differ: give both the same in the same order"
	}
	if m.Retriever != outer.Retriever {
		return "two Configs with different RetrieveUser are mixed: use one Config"
	}
	return ""
}

// asksLike says whether two mounts have the same backends in the same order.
func (m *Mount) asksLike(other *Mount) bool {
	return slices.EqualFunc(m.Providers, other.Providers, func(a, b Provider) bool { return Same(a.Backend, b.Backend) })
}

// Same says whether two stores are the same. Values that cannot be compared are different.
func Same(a, b any) bool {
	return a == nil && b == nil || a != nil && reflect.ValueOf(a).Comparable() && a == b
}

// admits says whether the request may go on. If not, it has answered. The position is this
// Session's place in the chain.
func (m *Mount) admits(c *gin.Context, st *State, position int) bool {
	if !m.asksUser(c) {
		return true
	}
	if IsPreflight(c) {
		c.AbortWithStatus(http.StatusNoContent)
		return false
	}
	if route.Behind(c, position).Open() {
		return true
	}
	_, err := st.CurrentUser(c)
	if err == nil {
		err = st.checkPolicy(c, m, position)
	}
	if err != nil {
		fail(c, m, err)
		return false
	}
	return true
}
