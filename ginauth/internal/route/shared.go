package route

import (
	"reflect"
	"unsafe"

	"github.com/gin-gonic/gin"
)

// Shared says whether the last handler of the request's route is also registered for another
// method of the same template, as by engine.Any. It says yes when it cannot tell.
func Shared(c *gin.Context) bool {
	routes, err := chainsOf(c)
	if err != nil {
		return true
	}
	mine := identity(c.Handler())
	for _, r := range routes {
		if r.Template == c.FullPath() && r.Method != c.Request.Method && identity(r.Handlers[len(r.Handlers)-1]) == mine {
			return true
		}
	}
	return false
}

func chainsOf(c *gin.Context) (routes []Route, err error) {
	defer func() {
		if recover() != nil { // reflect panics on a layout it does not find
			err = ErrLayout
		}
	}()
	field := reflect.ValueOf(c).Elem().FieldByName("engine")
	if field.Type() != reflect.TypeFor[*gin.Engine]() {
		return nil, ErrLayout
	}
	return Chains(*(**gin.Engine)(unsafe.Pointer(field.UnsafeAddr()))) //nolint:gosec // the type was compared above
}

// identity tells closures of one function apart, which code pointers do not.
func identity(h gin.HandlerFunc) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Pointer(&h)) //nolint:gosec // a func value is one pointer
}
