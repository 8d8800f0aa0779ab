// Package codec writes session values as JSON that names their Go types, so that a value
// comes out of a jsonb column as it went in.
//
// A string, a bool and nil are plain JSON. Every other value is an object with one key, the
// name of its type. A plain JSON number or array, or an object of another shape, is never
// written and never read, so nothing can be taken for something else.
//
//	"text"  true  null
//	{"int":"42"}  {"uint8":"255"}  {"float64":"0.1"}  {"float32":"NaN"}
//	{"time":"2026-01-02T03:04:05.6+01:00"}  {"duration":"1500000000"}  {"bytes":"AAEC"}
//	{"list":["a",{"int":"1"},null]}              []any, also the flashes of gorilla
//	{"map":{"a":{"int":"1"},"b":true}}           map[string]any
//	{"[]string":["a","b"]}  {"map[uint]bool":{"~uint:7":true}}  {"[][]int":[["1"],[]]}
//	{"string64":"YQBi"}                          text that jsonb cannot hold
//	{"registered:cart":{"items":["tea"]}}        a type of the app
//	{"pointer":{"registered:cart":{…}}}          a pointer to one; nil is {"pointer":"cart"}
//
// # Types
//
// The fixed list: string, bool, all sizes of int and uint, float32, float64, []byte, [time.Time],
// [time.Duration], any; slices of those; maps of those, with strings, bools, numbers or any as
// keys; and slices and maps of such slices and maps, such as [][]string, []map[string]any or
// map[string][]int. What is inside an any may again be any of these, to 32 levels. Every other type
// of the app, struct or not, is stored after [Register]; without it the error names the type, and
// never shows the value. A pointer to a registered type comes back as one. Other pointers,
// functions and channels are always refused.
//
// # What comes back
//
// Numbers are written as text, because jsonb and JavaScript round: each comes back exactly,
// with infinities and the sign of zero. A NaN comes back as a NaN. An empty list stays empty
// and a nil one nil. A time keeps its instant to the nanosecond and its offset. It loses the
// monotonic reading and the name of the zone, as gob does: it is in UTC or in a nameless zone,
// so compare times with Equal. An offset that is not in whole minutes becomes UTC.
// Registered types come back as encoding/json does it: unexported fields are not kept, fields
// of an interface type hold what encoding/json makes of them, and a negative zero loses its
// sign in jsonb. Text in them that is not UTF-8 is refused, because encoding/json would alter it.
//
// # What differs from gob
//
// Stored data cannot choose the code that reads it, other than from the list above and the types
// the app has registered; it is readable and can be queried in the database; the name of a type is
// the app's own and survives a move to another package; a type is registered once for its values
// and pointers to them; a nil in a list is kept, and so is the difference between a nil and an
// empty list. As with gob, a registered struct may gain and lose fields.
//
// [Encode] writes text, spaces apart, as PostgreSQL returns it (escapes, order of keys),
// registered types excepted, so that an unchanged value can be recognised.
//
// All functions are safe for concurrent use.
package codec
