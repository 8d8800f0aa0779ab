package route

import (
	"errors"
	"reflect"
	"unsafe"

	"github.com/gin-gonic/gin"
)

// This file has all knowledge of Gin's private fields, and is the only file of the module that
// imports unsafe. A request's own chain is read by reflection, without taking a function out of it:
// c.HandlerNames would work too, but takes eight times as long and allocates. Values are taken out
// of private fields only at start-up and in tests.

// ErrLayout means that this version of Gin keeps its routes, or a request's handlers, in private
// fields that this package does not know.
var ErrLayout = errors.New("ginauth: this version of Gin keeps its routes in an unknown layout; update ginauth")

var requestFields, errRequestFields = fieldsOf(reflect.TypeFor[gin.Context]())

// contextFields are the fields in which a gin.Context keeps its handlers and the index of the
// running one.
type contextFields struct{ handlers, index []int }

func fieldsOf(contextType reflect.Type) (fields contextFields, err error) {
	handlers, hasHandlers := contextType.FieldByName("handlers")
	index, hasIndex := contextType.FieldByName("index")
	if !hasHandlers || handlers.Type != reflect.TypeFor[gin.HandlersChain]() || !hasIndex || index.Type.Kind() != reflect.Int8 {
		return fields, ErrLayout
	}
	return contextFields{handlers.Index, index.Index}, nil
}

// Layout returns ErrLayout if Position and Behind do not work with this version of Gin. Do not call
// them then.
func Layout() error { return errRequestFields }

// Position returns the place of the running handler in the request's chain.
func Position(c *gin.Context) int {
	return int(reflect.ValueOf(c).Elem().FieldByIndex(requestFields.index).Int())
}

// Behind returns the part of the request's chain after a position. A copied context has no
// handlers.
func Behind(c *gin.Context, position int) Part {
	return Part{reflect.ValueOf(c).Elem().FieldByIndex(requestFields.handlers), position + 1}
}

// Chains returns the routes of an engine with their whole handler chains, which Gin itself shows
// only while a request runs. Use it at start-up and in tests.
func Chains(engine *gin.Engine) (routes []Route, err error) {
	return chains(reflect.ValueOf(engine).Elem(), len(engine.Routes()))
}

func chains(engine reflect.Value, registered int) (routes []Route, err error) {
	defer func() {
		if recover() != nil { // reflect panics on an unknown layout
			routes, err = nil, ErrLayout
		}
	}()
	trees := engine.FieldByName("trees")
	for i := range trees.Len() {
		tree := trees.Index(i)
		routes = walk(tree.FieldByName("root"), tree.FieldByName("method").String(), routes)
	}
	if len(routes) != registered {
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
		panic(ErrLayout) //nolint:forbidigo // recovered in chains
	}
	return *(*gin.HandlerFunc)(unsafe.Pointer(v.UnsafeAddr())) //nolint:gosec // the type was compared above
}

// TrustedProxies returns the proxies that the engine was given, or nil if this version of Gin does
// not show them.
func TrustedProxies(engine *gin.Engine) (proxies []string) {
	list := reflect.ValueOf(engine).Elem().FieldByName("trustedProxies")
	if list.Kind() != reflect.Slice || list.Type().Elem().Kind() != reflect.String {
		return nil
	}
	for i := range list.Len() {
		proxies = append(proxies, list.Index(i).String())
	}
	return proxies
}

// Identity distinguishes functions, even closures of one function literal, which reflection cannot.
// Identities of the same type can be compared. Use it at start-up.
func Identity[F any](function F) any {
	if unsafe.Sizeof(function) != unsafe.Sizeof(uintptr(0)) {
		return nil
	}
	return *(*unsafe.Pointer)(unsafe.Pointer(&function)) //nolint:gosec // a func value is one pointer, as was checked
}
