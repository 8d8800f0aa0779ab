package codec_test

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ginauth/ginauth/ginauth/codec"
)

type cart struct {
	Items []string  `json:"items"`
	Total int64     `json:"total"`
	Rate  float64   `json:"rate"`
	Seen  time.Time `json:"seen"`
}

// level is a named basic type, as apps use for enumerations.
type level int64

// blob writes JSON of its own.
type blob struct{ text string }

func (b blob) MarshalJSON() ([]byte, error) { return []byte(b.text), nil }

func (b *blob) UnmarshalJSON(raw []byte) error {
	b.text = string(raw)
	return nil
}

func register(tb testing.TB) {
	tb.Helper()
	codec.Register[cart]("cart")
	codec.Register[[]cart]("carts")
	codec.Register[level]("shop/level.v2")
	codec.Register[blob]("blob")
}

// same compares as strictly as Go can: types, nil or empty, and NaN equal to NaN.
var same = cmp.Options{cmpopts.EquateNaNs(), cmp.AllowUnexported(blob{})}

type row struct {
	value any
	want  string
}

func scalars() []row {
	return []row{
		{nil, `null`},
		{true, `true`},
		{false, `false`},
		{"", `""`},
		{"text", `"text"`},
		{"naïve <b>&\u2028\U0001F600", "\"naïve <b>&\u2028\U0001F600\""},
		{"\b\f\n\r\t\"\\/\x01\x1f\x7f", "\"\\b\\f\\n\\r\\t\\\"\\\\/\\u0001\\u001f\x7f\""},
		{`{"int":"1"}`, `"{\"int\":\"1\"}"`},
		{"\uFFFD", "\"\uFFFD\""},
		{`\u0000`, `"\\u0000"`},
		{"a\x00b", `{"string64":"YQBi"}`},
		{"\xff\xfe", `{"string64":"//4="}`},
		{"\xed\xa0\x80", `{"string64":"7aCA"}`}, // a surrogate in UTF-8
		{0, `{"int":"0"}`},
		{-1, `{"int":"-1"}`},
		{math.MaxInt, `{"int":"9223372036854775807"}`},
		{math.MinInt, `{"int":"-9223372036854775808"}`},
		{int8(-128), `{"int8":"-128"}`},
		{int16(math.MaxInt16), `{"int16":"32767"}`},
		{'x', `{"int32":"120"}`},
		{int64(math.MinInt64), `{"int64":"-9223372036854775808"}`},
		{uint(1), `{"uint":"1"}`},
		{uint8(255), `{"uint8":"255"}`},
		{uint16(65535), `{"uint16":"65535"}`},
		{uint32(math.MaxUint32), `{"uint32":"4294967295"}`},
		{uint64(math.MaxUint64), `{"uint64":"18446744073709551615"}`},
		{1.5, `{"float64":"1.5"}`},
		{0.1, `{"float64":"0.1"}`},
		{math.MaxFloat64, `{"float64":"1.7976931348623157e+308"}`},
		{math.SmallestNonzeroFloat64, `{"float64":"5e-324"}`},
		{math.Copysign(0, -1), `{"float64":"-0"}`},
		{math.Inf(1), `{"float64":"+Inf"}`},
		{math.Inf(-1), `{"float64":"-Inf"}`},
		{math.NaN(), `{"float64":"NaN"}`},
		{float32(0.1), `{"float32":"0.1"}`},
		{float32(math.MaxFloat32), `{"float32":"3.4028235e+38"}`},
		{time.Duration(-5), `{"duration":"-5"}`},
		{time.Duration(math.MinInt64), `{"duration":"-9223372036854775808"}`},
		{time.Time{}, `{"time":"0001-01-01T00:00:00Z"}`},
		{time.Date(2026, 1, 2, 3, 4, 5, 678, time.UTC), `{"time":"2026-01-02T03:04:05.000000678Z"}`},
		{time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.FixedZone("", -12*3600)), `{"time":"9999-12-31T23:59:59.999999999-12:00"}`},
		{[]byte(nil), `{"bytes":null}`},
		{[]byte{}, `{"bytes":""}`},
		{[]byte{0, 1, 255}, `{"bytes":"AAH/"}`},
	}
}

func compounds() []row {
	return []row{
		{[]any(nil), `{"list":null}`},
		{[]any{}, `{"list":[]}`},
		{[]any{"a", 1, nil, []any{true, []string{}}}, `{"list":["a",{"int":"1"},null,{"list":[true,{"[]string":[]}]}]}`},
		{[]string(nil), `{"[]string":null}`},
		{[]string{"a", "b\x00"}, `{"[]string":["a",{"string64":"YgA="}]}`},
		{[]bool{true, false}, `{"[]bool":[true,false]}`},
		{[]int{1, -2}, `{"[]int":["1","-2"]}`},
		{[]uint64{math.MaxUint64}, `{"[]uint64":["18446744073709551615"]}`},
		{[]float64{0.5, math.Inf(1)}, `{"[]float64":["0.5","+Inf"]}`},
		{[]time.Time{{}}, `{"[]time":["0001-01-01T00:00:00Z"]}`},
		{[]time.Duration{1}, `{"[]duration":["1"]}`},
		{[][]byte{nil, {}, {0}}, `{"[]bytes":[null,"","AA=="]}`},
		{[][]int{{1}, nil, {}}, `{"[][]int":[["1"],null,[]]}`},
		{[][]any{{nil, 1}}, `{"[][]any":[[null,{"int":"1"}]]}`},
		{map[string]any(nil), `{"map":null}`},
		{map[string]any{}, `{"map":{}}`},
		{
			map[string]any{"bb": 1, "c": true, "~x": "y", "n": nil, "\xff": "", "": ""},
			`{"map":{"":"","c":true,"n":null,"bb":{"int":"1"},"~string:~x":"y","~string64:/w==":""}}`,
		},
		{map[string]string{"a": "b"}, `{"map[string]string":{"a":"b"}}`},
		{map[string][]string{"a": {"b"}, "c": nil}, `{"map[string][]string":{"a":["b"],"c":null}}`},
		{[]map[string]any{{"a": 1}, nil}, `{"[]map[string]any":[{"a":{"int":"1"}},null]}`},
		{map[string]map[string]int{"a": {"b": 1}}, `{"map[string]map[string]int":{"a":{"b":"1"}}}`},
		{map[uint]bool{7: true}, `{"map[uint]bool":{"~uint:7":true}}`},
		{map[bool]float64{true: 1}, `{"map[bool]float64":{"~bool:true":"1"}}`},
		{
			map[any]any{1: "int", "1": "string", true: 1.5, uint8(1): nil},
			`{"map[any]any":{"1":"string","~int:1":"int","~uint8:1":null,"~bool:true":{"float64":"1.5"}}}`,
		},
		{level(math.MaxInt64), `{"registered:shop/level.v2":9223372036854775807}`},
		{
			cart{Items: []string{"tea <"}, Total: math.MaxInt64, Rate: 0.1},
			`{"registered:cart":{"items":["tea <"],"total":9223372036854775807,"rate":0.1,"seen":"0001-01-01T00:00:00Z"}}`,
		},
		{&cart{Items: []string{"tea"}}, `{"pointer":{"registered:cart":{"items":["tea"],"total":0,"rate":0,"seen":"0001-01-01T00:00:00Z"}}}`},
		{&blob{"{\"a\":\"\\u0000\"}"}, `{"pointer":{"registered64:blob":"eyJhIjoiXHUwMDAwIn0="}}`},
		{(*cart)(nil), `{"pointer":"cart"}`},
		{&[]cart{}, `{"pointer":{"registered:carts":[]}}`},
		{[]any{&cart{}, (*level)(nil)}, `{"list":[{"pointer":{"registered:cart":{"items":null,"total":0,"rate":0,"seen":"0001-01-01T00:00:00Z"}}},{"pointer":"shop/level.v2"}]}`},
		{[]any{cart{}, []cart{}}, `{"list":[{"registered:cart":{"items":null,"total":0,"rate":0,"seen":"0001-01-01T00:00:00Z"}},{"registered:carts":[]}]}`},
		{blob{`"a\u0000"`}, `{"registered64:blob":"ImFcdTAwMDAi"}`},
		{blob{`"\ud800"`}, `{"registered64:blob":"Ilx1ZDgwMCI="}`},
		{blob{"\"\xff\""}, `{"registered64:blob":"Iv8i"}`},
		{blob{`"\\u0000"`}, `{"registered:blob":"\\u0000"}`},
		{blob{`[[],{},"]",-1e2,null,{"a":[1]}]`}, `{"registered:blob":[[],{},"]",-1e2,null,{"a":[1]}]}`},
	}
}

func values() []row { return append(scalars(), compounds()...) }

func TestValuesComeBackAsTheyWentIn(t *testing.T) {
	t.Parallel()
	register(t)
	for _, r := range values() {
		raw, err := codec.Encode(r.value)
		if err != nil {
			t.Errorf("%#v: %v", r.value, err)
			continue
		}
		if string(raw) != r.want {
			t.Errorf("%#v is written as\n%s, want\n%s", r.value, raw, r.want)
		}
		got, err := codec.Decode(raw)
		if diff := cmp.Diff(r.value, got, same); err != nil || diff != "" {
			t.Errorf("%s: %v %s", raw, err, diff)
		}
	}
}

func TestSpacesEscapesAndOrderMakeNoDifference(t *testing.T) {
	t.Parallel()
	register(t)
	for _, r := range values() {
		var indented, escaped bytes.Buffer
		if err := json.Indent(&indented, []byte(r.want), " ", "\t"); err != nil {
			t.Fatal(err)
		}
		json.HTMLEscape(&escaped, []byte(r.want))
		for _, form := range []string{" \r\n\t" + indented.String() + "\n ", escaped.String()} {
			got, err := codec.Decode([]byte(form))
			if err != nil {
				t.Errorf("%s: %v", form, err)
			}
			if _, own := r.value.(blob); own { // it keeps the spaces
				continue
			}
			if diff := cmp.Diff(r.value, got, same); diff != "" {
				t.Errorf("%s: %s", form, diff)
			}
		}
	}
	got, err := codec.Decode([]byte(`{"map":{"z":"1","a":"2"}}`))
	if diff := cmp.Diff(map[string]any{"a": "2", "z": "1"}, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestNegativeZeroKeepsItsSign(t *testing.T) {
	t.Parallel()
	raw, err := codec.Encode(math.Copysign(0, -1))
	if err != nil {
		t.Fatal(err)
	}
	v, err := codec.Decode(raw)
	if got, ok := v.(float64); err != nil || !ok || !math.Signbit(got) {
		t.Errorf("%v, %v", v, err)
	}
}

func TestTimesKeepInstantAndOffset(t *testing.T) { //nolint:paralleltest // it changes time.Local
	local := time.Local
	t.Cleanup(func() { time.Local = local })
	time.Local = time.FixedZone("here", 3600) // time.Parse would prefer it
	india := time.FixedZone("IST", 5*3600+30*60)
	for _, c := range []struct {
		in     time.Time
		want   string
		offset int
	}{
		{time.Date(2026, 7, 1, 12, 0, 0, 1, india), `{"time":"2026-07-01T12:00:00.000000001+05:30"}`, 19800},
		{time.Date(2026, 7, 1, 12, 0, 0, 0, time.Local), `{"time":"2026-07-01T12:00:00+01:00"}`, 3600},
		{time.Date(2026, 7, 1, 12, 0, 0, 0, time.FixedZone("named", 0)), `{"time":"2026-07-01T12:00:00Z"}`, 0},
		{time.Date(1890, 1, 1, 0, 0, 0, 0, time.FixedZone("LMT", 1172)), `{"time":"1889-12-31T23:40:28Z"}`, 0},
		{time.Date(2026, 1, 1, 0, 0, 0, 0, time.FixedZone("far", 30*3600)), `{"time":"2025-12-30T18:00:00Z"}`, 0},
	} {
		raw, err := codec.Encode(c.in)
		if err != nil || string(raw) != c.want {
			t.Errorf("%v: %s, %v", c.in, raw, err)
		}
		v, err := codec.Decode(raw)
		got, ok := v.(time.Time)
		if err != nil || !ok || !got.Equal(c.in) {
			t.Errorf("%v came back as %v, %v", c.in, v, err)
		}
		if name, offset := got.Zone(); offset != c.offset || name == "here" {
			t.Errorf("%v came back in zone %q with offset %d", c.in, name, offset)
		}
	}
}

func TestMonotonicReadingIsDropped(t *testing.T) {
	t.Parallel()
	now := time.Now()
	raw, err := codec.Encode(now)
	if err != nil {
		t.Fatal(err)
	}
	v, err := codec.Decode(raw)
	if got, ok := v.(time.Time); err != nil || !ok || !got.Equal(now) || strings.Contains(got.String(), "m=") {
		t.Errorf("%v came back as %v, %v", now, v, err)
	}
}

func TestDecodedValueSharesNothingWithTheText(t *testing.T) {
	t.Parallel()
	register(t)
	for _, r := range values() {
		raw := []byte(r.want)
		got, err := codec.Decode(raw)
		if err != nil {
			t.Fatal(err)
		}
		for i := range raw {
			raw[i] = 'x'
		}
		if diff := cmp.Diff(r.value, got, same); diff != "" {
			t.Errorf("%s: %s", r.want, diff)
		}
	}
}

func TestEqualForgivesOnlyTheFormOfJSON(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{`{"a":"x","b":null}`, ` {"b": null, "a": "\u0078"}`, true},
		{`"<"`, `"\u003c"`, true},
		{`{"int":"1"}`, `{"int":"2"}`, false},
		{`{"int":"1"}`, `{"int8":"1"}`, false},
		{`{"list":[true,false]}`, `{"list":[false,true]}`, false},
		{`{"registered:x":9007199254740993}`, `{"registered:x":9007199254740992}`, false},
		{`null`, ``, false},
		{`{`, `[`, false},
		{`{}x`, `{}`, false},
		{``, ``, true},
	} {
		for _, got := range []bool{codec.Equal([]byte(c.a), []byte(c.b)), codec.Equal([]byte(c.b), []byte(c.a))} {
			if got != c.want {
				t.Errorf("Equal(%s, %s) = %t", c.a, c.b, got)
			}
		}
	}
}
