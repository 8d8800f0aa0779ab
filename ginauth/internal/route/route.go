// Package route gives ginauth's Gin handlers an identity that can be read back: from a router at
// start-up, and from the chain of a request while it runs.
package route

import (
	"reflect"

	"github.com/gin-gonic/gin"
)

// Info is what a handler of ginauth says about itself.
type Info struct {
	// Name is the operation, such as "login", or "session" for the middleware.
	Name string
	// For says which users the operation is for.
	For Audience
	// ProvesAddress: a user of the operation has proved to own the account's address.
	ProvesAddress bool
	// Cookie is the session cookie's full name, and Mount the compiled Config, an *engine.Mount.
	Cookie string
	Mount  any
	// Enter puts a request into its realm, and says whether it may go on; if not, it has answered.
	// It is for handlers that may run without Session.
	Enter func(*gin.Context) bool
	// Users are the user types that the handler or its guards need.
	Users []reflect.Type
	// Guards are the names of the handler's guards.
	Guards []string
	// Scopes: a credential with scopes needs all of one of these lists. Nil: no guard names any.
	Scopes [][]string
	// ChecksScopes: the handler itself decides what a credential with scopes may do.
	ChecksScopes bool
	// ChangesPassword: users who must change their password may use the handler.
	ChangesPassword bool
	// Exclude are the middleware's rules as configured; Matches says whether one covers a route.
	Exclude []string
	Matches func(rule, method, template string) bool
	// Protects is the middleware's own decision about a route, by all rules.
	Protects func(method, template string) bool
	// WantsVerified is the middleware's policy for users who are not verified, without the handlers
	// that are open to them. UnverifiedMay are its exceptions as configured.
	WantsVerified func(method, template string) bool
	UnverifiedMay []string
	// Schemes are the credentials that the middleware accepts, in the order in which it looks for
	// them.
	Schemes []Scheme
	// Ambient: browsers may send one of them automatically, so requests from other sites are
	// refused.
	Ambient bool
	// Mails: the handler is one of the mail flows.
	Mails bool
	// Base is the path in front of the app's own, as browsers see it.
	Base string
	// Redirects: browsers, which ask for HTML, are redirected to a page instead of getting JSON.
	Redirects bool
	// User returns the type that the handler shows, or nil if unknown. Form is the type that it
	// reads.
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

// As returns entry, which must only call Serve, and records the facts of its code. Entry is a
// function literal of the constructor, so that Gin's list of routes shows the constructor's name.
// As panics if the same code already has other facts.
func (h *Handler) As(entry gin.HandlerFunc) gin.HandlerFunc {
	register(reflect.ValueOf(entry).Pointer(), h.info.facts())
	return entry
}

// Serve runs the handler, unless c has no answer.
func (h *Handler) Serve(c *gin.Context) {
	if c.Request == nil && h.answer(c) {
		return
	}
	if Answers(c) && (h.info.Enter == nil || h.info.Enter(c)) {
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

// Of returns what h says about itself, and false for a handler that is not ginauth's. It never runs
// h.
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
