package codec_test

import (
	"errors"
	"math"
	"testing"

	"github.com/ginauth/ginauth/ginauth/codec"
)

func TestKeysComeBackAndNeverCollide(t *testing.T) {
	t.Parallel()
	seen := map[string]any{}
	for _, c := range []struct {
		key  any
		want string
	}{
		{"", ""},
		{"a", "a"},
		{"_flash", "_flash"},
		{"a:b", "a:b"},
		{"a~", "a~"},
		{"~", "~string:~"},
		{"~~", "~string:~~"},
		{"~int:1", "~string:~int:1"},
		{"~string:a", "~string:~string:a"},
		{"\x00", "~string64:AA=="},
		{"~\xff", "~string64:fv8="},
		{"1", "1"},
		{"true", "true"},
		{1, "~int:1"},
		{int8(1), "~int8:1"},
		{int64(-1), "~int64:-1"},
		{uint(1), "~uint:1"},
		{uint64(math.MaxUint64), "~uint64:18446744073709551615"},
		{true, "~bool:true"},
		{false, "~bool:false"},
		{1.5, "~float64:1.5"},
		{float32(1.5), "~float32:1.5"},
		{math.Inf(-1), "~float64:-Inf"},
	} {
		s, err := codec.Key(c.key)
		if err != nil || s != c.want {
			t.Errorf("%#v is %q, %v; want %q", c.key, s, err, c.want)
		}
		if before, taken := seen[s]; taken {
			t.Errorf("%#v and %#v are both %q", before, c.key, s)
		}
		seen[s] = c.key
		if got, err := codec.ParseKey(s); err != nil || got != c.key {
			t.Errorf("%#v came back as %#v, %v", c.key, got, err)
		}
	}
}

func TestEqualKeysHaveEqualText(t *testing.T) {
	t.Parallel()
	minus, err := codec.Key(math.Copysign(0, -1))
	if err != nil {
		t.Fatal(err)
	}
	if plus, err := codec.Key(0.0); err != nil || plus != minus {
		t.Errorf("%q and %q, %v", plus, minus, err)
	}
}

func TestKeysOfOtherTypesAreRefused(t *testing.T) {
	t.Parallel()
	for _, k := range []any{nil, []int{}, enum("a"), stranger{"canary"}, &struct{}{}, 1i, math.NaN(), float32(math.NaN()), [1]int{}, []byte("a"), uintptr(1)} {
		if s, err := codec.Key(k); s != "" || !errors.Is(err, codec.ErrUnsupported) {
			t.Errorf("%T: %q, %v", k, s, err)
		}
	}
}

// SEC-155
func TestTextThatKeyNeverGivesIsCorrupt(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"~", "~a", "~:", "~int", "~int:", "~int:01", "~int:+1", "~int:a", "~int8:128", "~float64:NaN", "~float64:-0", "~float64:1.0", "~any:1", "~list:", "~bytes:AA==", "~duration:1",
		"~bool:1", "~bool:TRUE", "~bool:", "~string:", "~string:a", "~string:~\x00", "~string64:YQ==", "~string64:AA", "~string64:AA==\n", "~~", "\x00", "\xff", "~registered:cart:{}",
	} {
		if k, err := codec.ParseKey(s); k != nil || !errors.Is(err, codec.ErrCorrupt) {
			t.Errorf("%q gave %#v, %v", s, k, err)
		}
	}
}
