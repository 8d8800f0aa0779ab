package codec

import (
	"reflect"
	"strings"
	"sync"
	"time"
)

// maxNested bounds the slices and maps in one type name: [][]string is 2. With it, stored data
// can name 4877 types, and if it named all, reflect would keep about 10 MB for them.
const maxNested = 2

// Types that are told apart before their kind.
var (
	anyType      = reflect.TypeFor[any]()
	bytesType    = reflect.TypeFor[[]byte]()
	timeType     = reflect.TypeFor[time.Time]()
	listType     = reflect.TypeFor[[]any]()
	mapType      = reflect.TypeFor[map[string]any]()
	durationType = reflect.TypeFor[time.Duration]()
)

// keyTypes can be keys of maps, and elements as well.
var keyTypes = map[string]reflect.Type{
	"string": reflect.TypeFor[string](), "bool": reflect.TypeFor[bool](), "any": anyType,
	"int": reflect.TypeFor[int](), "int8": reflect.TypeFor[int8](), "int16": reflect.TypeFor[int16](),
	"int32": reflect.TypeFor[int32](), "int64": reflect.TypeFor[int64](),
	"uint": reflect.TypeFor[uint](), "uint8": reflect.TypeFor[uint8](), "uint16": reflect.TypeFor[uint16](),
	"uint32": reflect.TypeFor[uint32](), "uint64": reflect.TypeFor[uint64](),
	"float32": reflect.TypeFor[float32](), "float64": reflect.TypeFor[float64](),
}

// elemTypes can be elements but not keys.
var elemTypes = map[string]reflect.Type{"bytes": bytesType, "time": timeType, "duration": durationType}

// basicNames is both, the other way round.
var basicNames = func() map[reflect.Type]string {
	names := make(map[reflect.Type]string, len(keyTypes)+len(elemTypes))
	for _, types := range []map[string]reflect.Type{keyTypes, elemTypes} {
		for name, t := range types {
			names[t] = name
		}
	}
	return names
}()

// Names and types of slices and maps met so far. Both are bounded, see maxNested.
var (
	compoundNames sync.Map // reflect.Type to string
	compoundTypes sync.Map // string to reflect.Type
)

// nameOf returns the name under which values of a built-in type are stored.
func nameOf(t reflect.Type) (string, bool) {
	switch t {
	case listType:
		return "list", true
	case mapType:
		return "map", true
	}
	if name, ok := basicNames[t]; ok {
		return name, true
	}
	if t.Kind() != reflect.Slice && t.Kind() != reflect.Map {
		return "", false
	}
	if name, ok := compoundNames.Load(t); ok {
		return name.(string), true //nolint:errcheck // only strings are stored
	}
	name, ok := elemName(t, maxNested)
	if ok {
		compoundNames.Store(t, name)
	}
	return name, ok
}

func elemName(t reflect.Type, nested int) (string, bool) {
	if name, ok := basicNames[t]; ok {
		return name, true
	}
	if t.Name() != "" || nested == 0 {
		return "", false
	}
	prefix := "[]"
	switch t.Kind() {
	case reflect.Slice:
	case reflect.Map:
		key, ok := basicNames[t.Key()]
		if !ok || keyTypes[key] == nil {
			return "", false
		}
		prefix = "map[" + key + "]"
	default:
		return "", false
	}
	name, ok := elemName(t.Elem(), nested-1)
	return prefix + name, ok
}

// typeOf is the inverse of nameOf. A name that nameOf does not give is refused.
func typeOf(name string) (reflect.Type, bool) {
	switch name {
	case "list":
		return listType, true
	case "map":
		return mapType, true
	case "string", "bool", "any": // written without a name
		return nil, false
	}
	if t := basicType(name); t != nil {
		return t, true
	}
	if t, ok := compoundTypes.Load(name); ok {
		return t.(reflect.Type), true //nolint:errcheck // only types are stored
	}
	t := elemType(name, maxNested)
	if t == nil {
		return nil, false
	}
	if canonical, ok := nameOf(t); !ok || canonical != name {
		return nil, false
	}
	compoundTypes.Store(name, t)
	return t, true
}

func basicType(name string) reflect.Type {
	if t := keyTypes[name]; t != nil {
		return t
	}
	return elemTypes[name]
}

// elemType returns nil for a name that is none.
func elemType(name string, nested int) reflect.Type {
	if t := basicType(name); t != nil || nested == 0 {
		return t
	}
	if rest, ok := strings.CutPrefix(name, "[]"); ok {
		if elem := elemType(rest, nested-1); elem != nil {
			return reflect.SliceOf(elem)
		}
		return nil
	}
	rest, ok := strings.CutPrefix(name, "map[")
	if !ok {
		return nil
	}
	key, rest, _ := strings.Cut(rest, "]")
	k, elem := keyTypes[key], elemType(rest, nested-1)
	if k == nil || elem == nil {
		return nil
	}
	return reflect.MapOf(k, elem)
}
