package route

import (
	"errors"
	"reflect"
	"unsafe"

	"github.com/gin-gonic/gin"
)

// Route is one registered route with every handler that runs for it.
type Route struct {
	Method, Template string
	Handlers         []gin.HandlerFunc
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
