package codec_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/ginauth/ginauth/ginauth/codec"
)

type (
	stranger struct{ Secret string }
	enum     string
	tags     []string
)

type failing struct{ Secret string }

func (f failing) MarshalJSON() ([]byte, error) { return nil, errors.New("cannot write " + f.Secret) }

// nested returns a list in n lists.
func nested(n int) any {
	v := any("x")
	for range n {
		v = []any{v}
	}
	return v
}

func TestWhatCannotBeStoredIsRefusedByTypeAndNeverShown(t *testing.T) {
	t.Parallel()
	register(t)
	codec.Register[failing]("failing")
	const canary = "canary"
	text, twice := canary, &cart{Items: []string{canary}}
	self := []any{nil, nil}
	self[0], self[1] = self, self
	for _, c := range []struct {
		value any
		names string
	}{
		{stranger{canary}, "codec_test.stranger"},
		{&stranger{canary}, "*codec_test.stranger"},
		{(*stranger)(nil), "*codec_test.stranger"},
		{&twice, "**codec_test.cart"},
		{[]*cart{{Items: []string{canary}}}, "[]*codec_test.cart"},
		{&cart{Rate: math.NaN()}, "*codec_test.cart"},
		{&[]string{canary}, "*[]string"},
		{&time.Time{}, "*time.Time"},
		{&text, "*string"},
		{enum(canary), "codec_test.enum"},
		{tags{canary}, "codec_test.tags"},
		{[]tags{{canary}}, "[]codec_test.tags"},
		{map[string]tags{canary: nil}, "map[string]codec_test.tags"},
		{json.RawMessage(canary), "json.RawMessage"},
		{json.Number(canary), "json.Number"},
		{time.Monday, "time.Weekday"},
		{errors.New(canary), "*errors.errorString"},
		{struct{ A string }{canary}, "struct { A string }"},
		{func() {}, "func()"},
		{make(chan int), "chan int"},
		{1i, "complex128"},
		{uintptr(1), "uintptr"},
		{unsafe.Pointer(nil), "unsafe.Pointer"},
		{[2]string{canary}, "[2]string"},
		{[]*string{&text}, "[]*string"},
		{[]enum{canary}, "[]codec_test.enum"},
		{[]error{nil}, "[]error"},
		{[][][]int{}, "[][][]int"},
		{map[enum]string{}, "map[codec_test.enum]string"},
		{map[time.Duration]string{}, "map[time.Duration]string"},
		{map[string]struct{}{}, "map[string]struct {}"},
		{[]any{1, stranger{canary}}, "codec_test.stranger"},
		{map[string]any{canary: []any{stranger{canary}}}, "codec_test.stranger"},
		{map[any]any{stranger{canary}: 1}, "codec_test.stranger"},
		{map[any]any{nil: 1}, "nil"},
		{map[float64]int{math.NaN(): 1}, "float64"},
		{failing{canary}, "codec_test.failing"},
		{cart{Items: []string{canary + "\xff"}}, "codec_test.cart"},
		{cart{Rate: math.NaN()}, "codec_test.cart"},
		{time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), "time.Time"},
		{time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC), "time.Time"},
		{[]time.Time{time.Date(0, 1, 1, 0, 0, 0, 0, time.FixedZone("", 90*3600))}, "time.Time"},
		{nested(33), "[]interface {}"},
		{self, "[]interface {}"},
		{strings.Repeat("x", 1<<20), "string"},
		{make([]byte, 1<<20), "[]uint8"},
	} {
		raw, err := codec.Encode(c.value)
		var unsupported *codec.UnsupportedError
		if raw != nil || !errors.Is(err, codec.ErrUnsupported) || !errors.As(err, &unsupported) {
			t.Errorf("%T: %.100s, %v", c.value, raw, err)
			continue
		}
		if unsupported.Type != c.names || !strings.Contains(err.Error(), c.names+":") || strings.Contains(err.Error(), canary) {
			t.Errorf("%T: %v", c.value, err)
		}
		if errors.Is(err, codec.ErrCorrupt) {
			t.Errorf("%T: two kinds of error at once", c.value)
		}
	}
}

func TestNestingIsBoundedAlikeBothWays(t *testing.T) {
	t.Parallel()
	raw, err := codec.Encode(nested(32))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := codec.Decode(raw); err != nil {
		t.Fatal(err)
	}
	deeper := []byte(`{"list":[` + string(raw) + `]}`)
	if _, err := codec.Decode(deeper); !errors.Is(err, codec.ErrCorrupt) {
		t.Errorf("33 levels: %v", err)
	}
	inMaps := nested(30)
	if _, err := codec.Encode([]map[string]any{{"a": inMaps}}); err != nil {
		t.Error(err)
	}
	if _, err := codec.Encode([]map[string]any{{"a": []any{inMaps}}}); !errors.Is(err, codec.ErrUnsupported) {
		t.Errorf("33 levels: %v", err)
	}
}

// A list of shared lists is small in memory and would be 2^30 strings as text.
func TestSharedListsCannotExplode(t *testing.T) {
	t.Parallel()
	list, dict := any("x"), any("x")
	for range 30 {
		list = []any{list, list}
		dict = map[string]any{"a": dict, "b": dict}
	}
	for _, v := range []any{list, dict} {
		if _, err := codec.Encode(v); !errors.Is(err, codec.ErrUnsupported) {
			t.Errorf("%T: %v", v, err)
		}
	}
}

// SEC-59, SEC-155
func TestWhatEncodeNeverWritesIsCorrupt(t *testing.T) {
	t.Parallel()
	register(t)
	const canary = "canary"
	for _, s := range []string{
		``, ` `, `{`, `nul`, `nulll`, `"`, "\"\xff\"", `"\ud800"`, `"\uD83D\uDE00"`, `"a\u0000"`, `"a" "b"`, `{"int":"1"}x`,
		`1`, `-0`, `[]`, `["a"]`, `{}`, `{"canary":"1"}`, `{"a":1,"b":2}`, `{"":""}`,
		`{"int":1}`, `{"int":null}`, `{"int":""}`, `{"int":"x"}`, `{"int":"+1"}`, `{"int":"01"}`, `{"int":"-0"}`, `{"int":" 1"}`, `{"int":"1_0"}`,
		`{"int":"0x1"}`, `{"int":"9223372036854775808"}`, `{"int8":"128"}`, `{"uint":"-1"}`, `{"uint8":"256"}`, `{"int":["1"]}`, `{"int":{"int":"1"}}`,
		`{"int":"1","int8":"1"}`, `{"int":"1","int":"1"}`, `{"Int":"1"}`, `{"int ":"1"}`,
		`{"float64":"inf"}`, `{"float64":"nan"}`, `{"float64":"Infinity"}`, `{"float64":"1.0"}`, `{"float64":"0x1p-2"}`, `{"float64":"1e400"}`, `{"float64":"1e1"}`, `{"float32":"0.10000000149011612"}`,
		`{"string":"a"}`, `{"bool":true}`, `{"any":"a"}`, `{"nil":null}`, `{"string64":"YQ=="}`, `{"string64":null}`, `{"string64":"AA"}`, `{"string64":"AB=="}`, `{"string64":"AA==","x":"y"}`,
		`{"bytes":"A"}`, `{"bytes":"AB=="}`, `{"bytes":"A\nA=="}`, `{"bytes":"AA==\n"}`, `{"bytes":"-_=="}`, `{"bytes":[1]}`, `{"bytes":false}`,
		`{"time":"x"}`, `{"time":null}`, `{"time":"2026-01-02"}`, `{"time":"2026-01-02T03:04:05+00:00"}`, `{"time":"2026-01-02T03:04:05.10Z"}`, `{"time":"2026-01-02T03:04:05,1Z"}`, `{"time":"2026-13-02T03:04:05Z"}`, `{"time":"2026-01-02T3:04:05Z"}`,
		`{"duration":"1s"}`, `{"duration":1}`,
		`{"list":{}}`, `{"list":"a"}`, `{"list":[1]}`, `{"list":[[]]}`, `{"list":true}`, `{"map":[]}`, `{"map":{"a":1}}`, `{"map":{"a":"1","a":"1"}}`,
		`{"[]any":[]}`, `{"map[string]any":{}}`, `{"[]uint8":["1"]}`, `{"[]list":[]}`, `{"[]":[]}`, `{"[][][]int":[]}`, `{"[]cart":[]}`, `{"[]registered:cart":[]}`, `{"map[":{}}`, `{"map[]int":{}}`, `{"map[int":{}}`, `{"map[time]int":{}}`, `{"map[map]int":{}}`, `{" []int":[]}`,
		`{"[]int":[1]}`, `{"[]int":[{"int":"1"}]}`, `{"[]int":[null]}`, `{"[]string":[null]}`, `{"[]string":[{"int":"1"}]}`, `{"[]string":[{}]}`, `{"[]bool":["true"]}`, `{"[][]int":["1"]}`, `{"[][]int":[{"[]int":[]}]}`,
		`{"map":{"~":"1"}}`, `{"map":{"~int:1":"1"}}`, `{"map":{"~string:a":"1"}}`, `{"map[int]int":{"1":"1"}}`, `{"map[int]int":{"~int8:1":"1"}}`, `{"map[int]int":{"~int:01":"1"}}`, `{"map[any]any":{"~any:1":null}}`,
		`{"registered:cart":3}`, `{"registered:cart":{"total":1.5}}`, `{"registered:cart":{"items":["\u0000"]}}`, `{"registered:cart":{},"x":1}`, `{"registered:canary":{}}`, `{"registered:":{}}`, `{"registered":{}}`,
		`{"registered64:cart":"e30="}`, `{"registered64:blob":"AA=="}`, `{"registered64:blob":{}}`, `{"registered64:blob":"!"}`, `{"registered64:canary":"ImFcdTAwMDAi"}`,
		strings.Repeat(`{"list":[`, 100), strings.Repeat(`{"list":[`, 33) + strings.Repeat(`]}`, 33), strings.Repeat(`[`, 1<<16),
		`{"` + strings.Repeat(`[]`, 1<<12) + `int":[]}`, `{"` + strings.Repeat(`map[int]`, 1<<12) + `int":{}}`,
	} {
		v, err := codec.Decode([]byte(s))
		if v != nil || !errors.Is(err, codec.ErrCorrupt) || errors.Is(err, codec.ErrUnsupported) {
			t.Errorf("%.80q gave %#v, %v", s, v, err)
			continue
		}
		if strings.Contains(err.Error(), canary) {
			t.Errorf("the error shows what was stored: %v", err)
		}
	}
	if _, err := codec.Decode(nil); !errors.Is(err, codec.ErrCorrupt) {
		t.Errorf("no data: %v", err)
	}
}

// Memory in proportion: for the worst values, not more than a fixed number of bytes
// for every byte of text.
func TestDecodeTakesMemoryInProportion(t *testing.T) { //nolint:paralleltest // it counts allocations
	const size, limit = 1 << 16, 64
	for name, text := range map[string]string{
		"empty lists":  `{"[][]int":[` + strings.Repeat(`[],`, size/3) + `[]]}`,
		"nulls":        `{"list":[` + strings.Repeat(`null,`, size/5) + `null]}`,
		"nil lists":    `{"[][]any":[` + strings.Repeat(`null,`, size/5) + `null]}`,
		"lists":        `{"list":[` + strings.Repeat(`{"list":[]},`, size/12) + `null]}`,
		"empty maps":   `{"[]map[any]any":[` + strings.Repeat(`{},`, size/3) + `{}]}`,
		"empty text":   `{"[]string":[` + strings.Repeat(`"",`, size/3) + `""]}`,
		"true":         `{"list":[` + strings.Repeat(`true,`, size/5) + `true]}`,
		"many escapes": `"` + strings.Repeat(`\n`, size/2) + `"`,
		"blanks":       strings.Repeat(" ", size) + `""`,
		"small maps":   `{"map[int]time":{` + entries(size/50) + `}}`,
	} {
		text := []byte(text)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := codec.Decode(text); err != nil {
			t.Fatal(name, err)
		}
		runtime.ReadMemStats(&after)
		perByte := float64(after.TotalAlloc-before.TotalAlloc) / float64(len(text))
		t.Logf("%s: %.1f bytes for each", name, perByte)
		if perByte > limit {
			t.Errorf("%s: %.1f bytes for each byte of text", name, perByte)
		}
	}
}

func entries(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(`"~int:%d":"2026-01-02T03:04:05Z"`, i)
	}
	return strings.Join(list, ",")
}
