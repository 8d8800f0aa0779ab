package codec_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth/codec"
)

func benchmarkValues() []any {
	return []any{
		"text", int64(4200), true, 1.5, time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), make([]byte, 32),
		[]any{"flash"},
		[]string{"a", "b", "c"},
		map[string]any{"a": 1, "b": "c"},
		cart{Items: []string{"tea"}},
	}
}

func BenchmarkEncode(b *testing.B) {
	register(b)
	for _, v := range benchmarkValues() {
		b.Run(fmt.Sprintf("%T", v), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := codec.Encode(v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	register(b)
	for _, v := range benchmarkValues() {
		raw, err := codec.Encode(v)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("%T", v), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := codec.Decode(raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkKey(b *testing.B) {
	for _, k := range []any{"theme", 42} {
		b.Run(fmt.Sprintf("%T", k), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := codec.Key(k); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
