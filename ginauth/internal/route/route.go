// Package route gives the library's Gin handlers an identity that can be read
// back from a router: all of them are one closure, told apart by what it carries.
package route

import (
	"reflect"

	"github.com/gin-gonic/gin"
)

// Info is what a handler of this library says about itself.
type Info struct {
	// Name is the operation, such as "login", or "session" for the middleware.
	Name string
	// Open: the handler answers without a session, on whatever route it is mounted.
	Open bool
	// Cookie is the session cookie's name on the wire.
	Cookie string
	// Guards are the names of those that the handler asks, and Scopes what they want of credentials.
	Guards, Scopes []string
	// Exclude are the middleware's rules as configured; Matches tells whether one covers a route.
	Exclude []string
	Matches func(rule, method, template string) bool
	// Protects is the middleware's own decision about a route, by all rules.
	Protects func(method, template string) bool
	// WantsVerified is the middleware's policy for users who are not verified, but for the handlers that are
	// open to them; UnverifiedMay are its exceptions as configured.
	WantsVerified func(method, template string) bool
	UnverifiedMay []string
	// Schemes are the credentials that the middleware takes, in the order in which it looks for them.
	Schemes []Scheme
	// Ambient: browsers send one of them by themselves, so requests of other sites are refused.
	Ambient bool
	// Redirects: browsers, which ask for HTML, are sent to a page instead of getting JSON.
	Redirects bool
	// User is the type that the handler shows, nil where nobody knows. Form is what it takes.
	User func() reflect.Type
	Form reflect.Type
}

// Scheme has the fields of ginauth.Scheme.
type Scheme struct {
	Name, Description    string
	Type                 string
	In, Parameter        string
	HTTP, BearerFormat   string
	TokenURL, RefreshURL string
	Scopes               map[string]string
}

type probe struct{ info *Info }

type probeKey struct{}

// New returns a handler that runs serve and can be found again by Of.
//
//go:noinline
func New(info Info, serve func(*gin.Context)) gin.HandlerFunc {
	return func(c *gin.Context) {
		if c.Request == nil && answer(c, &info) {
			return
		}
		serve(c)
	}
}

func answer(c *gin.Context, info *Info) bool {
	p, ok := c.Get(probeKey{})
	if !ok {
		return false
	}
	p.(*probe).info = info //nolint:forcetypeassert,errcheck // only Of stores under this private key
	return true
}

var code = reflect.ValueOf(New(Info{}, nil)).Pointer()

// Of returns what h says about itself, and false for a handler that New did not make.
// It never runs a handler's own code.
func Of(h gin.HandlerFunc) (Info, bool) {
	if h == nil || reflect.ValueOf(h).Pointer() != code {
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
