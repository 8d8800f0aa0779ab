package route

import (
	"reflect"
	"runtime"

	"github.com/gin-gonic/gin"
)

// Route is one registered route with every handler that runs for it.
type Route struct {
	Method, Template string
	Handlers         []gin.HandlerFunc
}

// Last is the handler that answers.
func (r Route) Last() gin.HandlerFunc { return r.Handlers[len(r.Handlers)-1] }

// Behind returns the part of the route's chain after a position.
func (r Route) Behind(position int) Part {
	return Part{reflect.ValueOf(r.Handlers), position + 1}
}

// FuncName returns the name of a handler's function, as in Gin's list of routes.
func FuncName(h gin.HandlerFunc) string {
	if h == nil {
		return ""
	}
	return runtime.FuncForPC(reflect.ValueOf(h).Pointer()).Name()
}

// SameCode says whether two handlers are closures of one function literal, or the same function.
func SameCode(a, b gin.HandlerFunc) bool {
	return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer()
}

// Part is the part of a chain of handlers from some position on. Its methods do not allocate.
type Part struct {
	chain reflect.Value
	from  int
}

// Open says whether the part answers without a session: every handler that acts is ginauth's own
// and needs no session (SEC-181).
func (p Part) Open() bool { return p.every(func(f Facts) bool { return f.For.Open() }) }

// ForUnverified says whether the part is also for users who have not proved their address, whatever
// the app's policy is: every handler that acts is ginauth's own and is for them (SEC-181).
func (p Part) ForUnverified() bool {
	return p.every(func(f Facts) bool { return f.For.Open() || f.For == Users })
}

// ForPasswordChange says whether the part is also for users who must change their password: every
// handler that acts is ginauth's own, and changes the password or answers without a session.
func (p Part) ForPasswordChange() bool {
	return p.every(func(f Facts) bool { return f.For.Open() || f.ChangesPassword })
}

// TakesScopes says whether the part decides about credentials with scopes: by a guard that does not
// stand after a handler that acts, or because every handler that acts decides itself (SEC-179).
func (p Part) TakesScopes() bool {
	acted := false
	for i := p.from; i < p.chain.Len(); i++ {
		h := p.chain.Index(i)
		if h.IsNil() {
			continue
		}
		f := factsOf(h)
		if f.Scoped && (!acted || i < p.chain.Len()-1) {
			return true
		}
		acted = acted || f.For != Middleware
	}
	return p.every(func(f Facts) bool { return f.For.Open() || f.ChecksScopes })
}

// Empty says whether the part has no handlers.
func (p Part) Empty() bool { return p.chain.Len() <= p.from }

// every is false if no handler acts.
func (p Part) every(is func(Facts) bool) bool {
	refused := p.contains(func(f Facts) bool { return f.For != Middleware && (!f.ours() || !is(f)) })
	return !refused && p.contains(func(f Facts) bool { return f.For != Middleware })
}

func (p Part) contains(is func(Facts) bool) bool {
	for i := p.from; i < p.chain.Len(); i++ {
		if h := p.chain.Index(i); !h.IsNil() && is(factsOf(h)) {
			return true
		}
	}
	return false
}
