package route

import (
	"reflect"

	"github.com/gin-gonic/gin"
)

// Gin names the handlers of a request, but not which of them runs. Both fields are read by reflection, and no
// value is taken out of them.
var (
	handlersField, hasHandlers = reflect.TypeFor[gin.Context]().FieldByName("handlers")
	indexField, hasIndex       = reflect.TypeFor[gin.Context]().FieldByName("index")
)

// Layout is ErrLayout where this version of Gin keeps a request's handlers in another way than Position and Behind
// read them. Those must not be called then.
func Layout() error {
	if !hasHandlers || handlersField.Type != reflect.TypeFor[gin.HandlersChain]() || !hasIndex || indexField.Type.Kind() != reflect.Int8 {
		return ErrLayout
	}
	return nil
}

// Position is the place in the request's chain of the handler that runs.
func Position(c *gin.Context) int {
	return int(reflect.ValueOf(c).Elem().FieldByIndex(indexField.Index).Int())
}

// Behind is what stands behind a place in the request's chain. A copied context has no handlers.
func Behind(c *gin.Context, position int) Part {
	return Part{reflect.ValueOf(c).Elem().FieldByIndex(handlersField.Index), position + 1}
}

// Behind is what stands behind a place in the route's chain.
func (r Route) Behind(position int) Part {
	return Part{reflect.ValueOf(r.Handlers), position + 1}
}

// Part is a chain of handlers from some place on. To ask it allocates nothing.
type Part struct {
	chain reflect.Value
	from  int
}

// Open says whether the part answers without a session: every handler that acts is the library's own and
// copes without one (SEC-181).
func (p Part) Open() bool { return p.every(func(f Facts) bool { return f.Open }) }

// ForUnverified says whether the part is for users, too, whose address was not proved to be theirs, whatever the
// app's policy is: every handler that acts is the library's own and for them (SEC-181).
func (p Part) ForUnverified() bool { return p.every(Facts.forUnverified) }

// TakesScopes says whether the part says what a credential with scopes may do: by a guard, which must not be the last
// handler behind one that acts, or because every handler that acts decides itself (SEC-179).
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
		acted = acted || !f.decides()
	}
	return p.every(func(f Facts) bool { return f.Open || f.ChecksScopes })
}

// Empty says whether nothing stands there.
func (p Part) Empty() bool { return p.chain.Len() <= p.from }

// every is false where no handler acts.
func (p Part) every(is func(Facts) bool) bool {
	refused := p.contains(func(f Facts) bool { return !f.decides() && (!f.ours() || !is(f)) })
	return !refused && p.contains(func(f Facts) bool { return !f.decides() })
}

func (p Part) contains(is func(Facts) bool) bool {
	for i := p.from; i < p.chain.Len(); i++ {
		if h := p.chain.Index(i); !h.IsNil() && is(factsOf(h)) {
			return true
		}
	}
	return false
}
