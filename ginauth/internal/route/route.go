// Package route gives the library's Gin handlers an identity that can be read back: from a router
// at start-up, and from the chain of a request while it runs.
package route

import (
	"reflect"

	"github.com/gin-gonic/gin"
)

// Info is what a handler of this library says about itself.
type Info struct {
	// Name is the operation, such as "login", or "session" for the middleware.
	Name string
	// For is whom the operation is for.
	For Audience
	// ProvesAddress: who uses the operation has proved to own the account's address.
	ProvesAddress bool
	// Cookie is the session cookie's name on the wire, and Mount the compiled Config, a *mount of
	// package ginauth.
	Cookie string
	Mount  any
	// Users are the types of users that the handler, or its guards, asks for.
	Users []reflect.Type
	// Guards are the names of those that the handler asks.
	Guards []string
	// Scopes are what the guards want of a credential with scopes: all of one of these lists. Nil:
	// no guard says.
	Scopes [][]string
	// ChecksScopes: the handler itself decides what a credential with scopes may do there.
	ChecksScopes bool
	// ChangesPassword: it is what a user may do who must change the password.
	ChangesPassword bool
	// Exclude are the middleware's rules as configured; Matches tells whether one covers a route.
	Exclude []string
	Matches func(rule, method, template string) bool
	// Protects is the middleware's own decision about a route, by all rules.
	Protects func(method, template string) bool
	// WantsVerified is the middleware's policy for users who are not verified, but for the handlers
	// that are open to them; UnverifiedMay are its exceptions as configured.
	WantsVerified func(method, template string) bool
	UnverifiedMay []string
	// Schemes are the credentials that the middleware takes, in the order in which it looks for
	// them.
	Schemes []Scheme
	// Ambient: one of them may come along by itself, so requests of other sites are refused.
	Ambient bool
	// Mails: the handler is one of the mail flows.
	Mails bool
	// Base is the path that browsers see in front of the app's own.
	Base string
	// Redirects: browsers, which ask for HTML, are sent to a page instead of getting JSON.
	Redirects bool
	// User is the type that the handler shows, nil where nobody knows. Form is what it takes.
	User func() reflect.Type
	Form reflect.Type
}

// Handler is a handler of the library before it has the function that Gin runs; see As.
type Handler struct {
	info  Info
	serve func(*gin.Context)
}

// New returns a handler that runs serve and can be found again by Of and Behind.
func New(info Info, serve func(*gin.Context)) *Handler { return &Handler{info: info, serve: serve} }

// As returns entry, which must do nothing but call Serve, and notes what its code stands for. It is
// a function literal of the constructor, so that Gin's list of routes shows the constructor's name.
// As panics when the same code stands for something else already.
func (h *Handler) As(entry gin.HandlerFunc) gin.HandlerFunc {
	register(reflect.ValueOf(entry).Pointer(), h.info.facts())
	return entry
}

// Serve runs the handler, unless c has no answer.
func (h *Handler) Serve(c *gin.Context) {
	if c.Request == nil && h.answer(c) {
		return
	}
	if Answers(c) {
		h.serve(c)
	}
}

type probe struct{ info *Info }

type probeKey struct{}

func (h *Handler) answer(c *gin.Context) bool {
	p, ok := c.Get(probeKey{})
	if !ok {
		return false
	}
	p.(*probe).info = &h.info //nolint:forcetypeassert,errcheck // only Of stores under this private key
	return true
}

// Of returns what h says about itself, and false for a handler that is not the library's.
// It never runs a handler's own code.
func Of(h gin.HandlerFunc) (Info, bool) {
	if h == nil || !factsOf(reflect.ValueOf(h)).ours() {
		return Info{}, false
	}
	var p probe
	c := &gin.Context{}
	c.Set(probeKey{}, &p)
	h(c)
	if p.info == nil {
		return Info{}, false
	}
	return *p.info, true
}
