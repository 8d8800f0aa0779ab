package codec_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ginauth/ginauth/ginauth/codec"
)

// random makes values of every built-in kind.
type random struct{ *rand.Rand }

func (r random) text() string {
	alphabet := []string{"a", "b", "~", ":", "\"", "\\", "/", "<", "\n", "\x00", "\x1f", "\x7f", "\xff", "\xed\xa0\x80", "é", "\u2028", "\uFFFD", "\U0001F600", "u0000", "{", "int"}
	var s strings.Builder
	for range r.IntN(6) {
		s.WriteString(alphabet[r.IntN(len(alphabet))])
	}
	return s.String()
}

func (r random) key() any {
	for {
		switch k := r.scalar().(type) {
		case nil, time.Time, time.Duration, []byte:
		case float64:
			if !math.IsNaN(k) {
				return k + 0 // without the sign of zero
			}
		case float32:
			if k == k {
				return k + 0
			}
		default:
			return k
		}
	}
}

func (r random) scalar() any {
	n := r.Uint64() >> r.IntN(64)
	switch r.IntN(19) {
	case 0:
		return nil
	case 1:
		return n&1 == 0
	case 2:
		return int(n)
	case 3:
		return int8(n)
	case 4:
		return int16(n)
	case 5:
		return int32(n)
	case 6:
		return int64(n)
	case 7:
		return uint(n)
	case 8:
		return uint8(n)
	case 9:
		return uint16(n)
	case 10:
		return uint32(n)
	case 11:
		return n
	case 12:
		return math.Float64frombits(r.Uint64())
	case 13:
		return math.Float32frombits(r.Uint32())
	case 14:
		return time.Duration(n)
	case 15:
		return time.Unix(int64(n>>30)-2e9, int64(n&0x3fffffff)).In(time.FixedZone("", (r.IntN(48*60)-24*60)*60))
	case 16:
		return []byte(r.text())
	default:
		return r.text()
	}
}

func (r random) value(depth int) any {
	if depth == 0 || r.IntN(4) == 0 {
		return r.scalar()
	}
	n := r.IntN(4)
	switch r.IntN(9) {
	case 0:
		return fill(n, func() any { return r.value(depth - 1) })
	case 1:
		return fill(n, r.text)
	case 2:
		return fill(n, func() []float64 { return fill(n, r.NormFloat64) })
	case 3:
		return dict(n, r.text, func() any { return r.value(depth - 1) })
	case 4:
		return dict(n, r.key, func() any { return r.value(depth - 1) })
	case 5:
		return dict(n, r.Uint32, func() map[string]any { return dict(n, r.text, func() any { return r.value(depth - 1) }) })
	case 6:
		return fill(n, func() map[bool][]byte { return nil })[:n:n]
	case 7:
		return dict(n, r.text, func() []string { return fill(r.IntN(3), r.text) })
	default:
		return []map[any]any{nil, dict(n, r.key, r.scalar)}
	}
}

func fill[T any](n int, make1 func() T) []T {
	list := make([]T, n)
	for i := range list {
		list[i] = make1()
	}
	return list
}

func dict[K comparable, V any](n int, key func() K, value func() V) map[K]V {
	m := map[K]V{}
	for range n {
		m[key()] = value()
	}
	return m
}

func newRandom(seed uint64) random { return random{rand.New(rand.NewPCG(seed, 0))} }

func randomValue(seed uint64) any { return newRandom(seed).value(5) }

// comesBack fails unless v survives, and its text is the only one for it.
func comesBack(t *testing.T, v any) {
	t.Helper()
	raw, err := codec.Encode(v)
	if err != nil {
		t.Fatalf("%#v: %v", v, err)
	}
	back, err := codec.Decode(raw)
	if diff := cmp.Diff(v, back, same); err != nil || diff != "" {
		t.Fatalf("%s: %v %s", raw, err, diff)
	}
	if again, err := codec.Encode(back); err != nil || string(again) != string(raw) {
		t.Fatalf("%s became %s, %v", raw, again, err)
	}
}

func TestRandomValuesComeBack(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5000) {
		comesBack(t, randomValue(seed))
	}
}

func FuzzEncode(f *testing.F) {
	f.Add(uint64(1), "a\x00", 1.5)
	f.Fuzz(func(t *testing.T, seed uint64, s string, n float64) {
		comesBack(t, []any{s, n, map[string]string{s: s}, []string{s}, []byte(s), float32(n), math.Float64bits(n), randomValue(seed)})
	})
}

// blankless forgives the blanks that encoding/json takes out of what a type writes by itself.
var blankless = cmp.Comparer(func(a, b blob) bool {
	var x, y bytes.Buffer
	return json.Compact(&x, []byte(a.text)) == nil && json.Compact(&y, []byte(b.text)) == nil && bytes.Equal(x.Bytes(), y.Bytes())
})

// SEC-59, SEC-155
func FuzzDecode(f *testing.F) {
	register(f)
	for _, r := range values() {
		f.Add([]byte(r.want))
	}
	for _, s := range []string{`{}`, `{"int":1}`, `{"nope":"1"}`, `{"int":"1","int8":"1"}`, `[1]`, `{"list":null}`, `{"registered:cart":3}`, `{"registered:nope":{}}`, `{"pointer":"nope"}`, `{"pointer":{"int":"1"}}`, `{"pointer":{"pointer":"cart"}}`, `{"pointer":{"registered:cart":{},"b":1}}`, `{"pointer":null}`, `{"map[any][]bool":{"~bool:true": [ true ]}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		v, err := codec.Decode(raw)
		if err != nil {
			if v != nil || !errors.Is(err, codec.ErrCorrupt) {
				t.Fatal(v, err)
			}
			return
		}
		again, err := codec.Encode(v)
		if errors.Is(err, codec.ErrUnsupported) && len(raw) > 1<<20 {
			return
		}
		if err != nil {
			t.Fatalf("%q gave %#v, which cannot be stored: %v", raw, v, err)
		}
		back, err := codec.Decode(again)
		if diff := cmp.Diff(v, back, same, blankless); err != nil || diff != "" {
			t.Fatalf("%q: %v %s", again, err, diff)
		}
		if !containsRegistered(v) && !codec.Equal(raw, again) {
			t.Fatalf("%q was read as %q", raw, again)
		}
	})
}

// containsRegistered is true for values that encoding/json may write in another way.
func containsRegistered(v any) bool {
	switch v := v.(type) {
	case cart, []cart, level, blob, *cart, *[]cart, *level, *blob:
		return true
	case []any:
		for _, x := range v {
			if containsRegistered(x) {
				return true
			}
		}
	case map[string]any:
		for _, x := range v {
			if containsRegistered(x) {
				return true
			}
		}
	case []map[string]any, [][]any, map[any]any, map[string][]any:
		return true // not worth telling apart
	}
	return false
}

func FuzzKey(f *testing.F) {
	for _, s := range []string{"~int:1", "plain", "~string:~", "~string64:AA==", "\x00"} {
		f.Add(s, "plain", int64(1), 1.5)
	}
	f.Fuzz(func(t *testing.T, a, b string, i int64, n float64) {
		keys := []any{a, b, i, uint64(i), int(i), int8(i), uint8(i), n, float32(n), i > 0}
		seen := map[string]any{}
		for _, k := range keys {
			s, err := codec.Key(k)
			if err != nil {
				if n == n {
					t.Fatal(err)
				}
				continue
			}
			if other, taken := seen[s]; taken && other != k {
				t.Fatalf("%#v and %#v are both %q", other, k, s)
			}
			seen[s] = k
			if back, err := codec.ParseKey(s); err != nil || back != k {
				t.Fatalf("%#v came back from %q as %#v, %v", k, s, back, err)
			}
		}
		if k, err := codec.ParseKey(a); err == nil {
			if s, err := codec.Key(k); err != nil || s != a {
				t.Fatalf("%q is the key %#v, whose text is %q, %v", a, k, s, err)
			}
		}
	})
}
