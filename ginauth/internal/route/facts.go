package route

import (
	"maps"
	"reflect"
	"sync"
	"sync/atomic"
)

// Facts are what is known about a handler by its code alone, whatever its configuration. A
// constructor whose handlers have different facts has a function literal for each. The zero Facts
// are those of the app's handlers.
type Facts struct {
	Name string // as in Info
	For  Audience
	// Scoped: the handler says which scopes a credential needs.
	Scoped bool
	// ChecksScopes is as in Info.
	ChecksScopes bool
	// ChangesPassword is as in Info.
	ChangesPassword bool
}

func (i Info) facts() Facts {
	return Facts{Name: i.Name, For: i.For, Scoped: i.Scopes != nil, ChecksScopes: i.ChecksScopes, ChangesPassword: i.ChangesPassword}
}

func (f Facts) ours() bool { return f.Name != "" }

// The names of handlers that stand in front of operations.
const (
	Session = "session"
	Wrapper = "wrapper" // a middleware of the app's own around a Session
	Guard   = "require"
	With    = "with"
)

// IsSession says whether the handler is a Session or a wrapper of one.
func (i Info) IsSession() bool { return i.Name == Session || i.Name == Wrapper }

// known has the facts by the address of a function's code, which all closures of one literal share.
// It grows while routers are built, up to the number of literals in ginauth's source.
var known = struct {
	sync.Mutex
	facts atomic.Pointer[map[uintptr]Facts]
}{}

func register(code uintptr, facts Facts) {
	known.Lock()
	defer known.Unlock()
	before := map[uintptr]Facts{}
	if m := known.facts.Load(); m != nil {
		before = *m
	}
	if other, ok := before[code]; ok {
		if other != facts {
			panic("ginauth: one function stands for the handlers " + other.Name + " and " + facts.Name) //nolint:forbidigo // while routes are built
		}
		return
	}
	after := maps.Clone(before)
	after[code] = facts
	known.facts.Store(&after)
}

func factsOf(handler reflect.Value) Facts {
	m := known.facts.Load()
	if m == nil {
		return Facts{}
	}
	return (*m)[handler.Pointer()]
}
