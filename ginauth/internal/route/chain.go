package route

import (
	"errors"
	"reflect"
	"runtime"
	"unsafe"

	"github.com/gin-gonic/gin"
)

// Route is one registered route with every handler that runs for it.
type Route struct {
	Method, Template string
	Handlers         []gin.HandlerFunc
}

// Last is the handler that answers.
func (r Route) Last() gin.HandlerFunc { return r.Handlers[len(r.Handlers)-1] }

// FuncName is the name of a handler's function, as Gin's list of routes shows it.
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

// ErrLayout means that this Gin version keeps its routes in a way Chains does not know.
var ErrLayout = errors.New("ginauth: this version of Gin keeps its routes in an unknown layout; update ginauth")

// Chains returns the routes of an engine with their whole handler chains, which
// Gin itself shows only while a request runs. It is meant for start-up and tests.
func Chains(engine *gin.Engine) (routes []Route, err error) {
	defer func() {
		if recover() != nil { // reflect panics on a layout it does not find
			routes, err = nil, ErrLayout
		}
	}()
	trees := reflect.ValueOf(engine).Elem().FieldByName("trees")
	for i := range trees.Len() {
		tree := trees.Index(i)
		routes = walk(tree.FieldByName("root"), tree.FieldByName("method").String(), routes)
	}
	if len(routes) != len(engine.Routes()) {
		return nil, ErrLayout
	}
	return routes, nil
}

func walk(node reflect.Value, method string, routes []Route) []Route {
	if node.IsNil() {
		return routes
	}
	node = node.Elem()
	if chain := node.FieldByName("handlers"); chain.Len() > 0 {
		r := Route{Method: method, Template: node.FieldByName("fullPath").String()}
		for i := range chain.Len() {
			r.Handlers = append(r.Handlers, handler(chain.Index(i)))
		}
		routes = append(routes, r)
	}
	children := node.FieldByName("children")
	for i := range children.Len() {
		routes = walk(children.Index(i), method, routes)
	}
	return routes
}

func handler(v reflect.Value) gin.HandlerFunc {
	if v.Type() != reflect.TypeFor[gin.HandlerFunc]() {
		panic(ErrLayout) //nolint:forbidigo // recovered in Chains
	}
	return *(*gin.HandlerFunc)(unsafe.Pointer(v.UnsafeAddr())) //nolint:gosec // the type was compared on the line above
}
