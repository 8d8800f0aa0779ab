package route

import (
	"maps"
	"reflect"
	"sync"
	"sync/atomic"
)

// Facts are what the code of a handler stands for, whatever its configuration: a constructor with
// handlers of different facts has a function literal for each. The zero Facts are those of the
// app's handlers.
type Facts struct {
	Name string // as in Info
	For  Audience
	// Scoped: the handler says which scopes a credential needs.
	Scoped bool
	// ChecksScopes is Info's.
	ChecksScopes bool
	// ChangesPassword is Info's.
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

// IsSession says whether the handler is a Session, or around one.
func (i Info) IsSession() bool { return i.Name == Session || i.Name == Wrapper }

// known are the facts by the address of a function's code, which all closures of one literal share.
// It grows while routers are built, and is bounded by the library's source.
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
