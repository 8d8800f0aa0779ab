package driver_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/ginauth/ginauth/ginauth/driver"
)

func TestCanonicalUnicodeEmail(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		" Ada@Example.COM ": "ada@example.com", "JÜRGEN@example.com": "jürgen@example.com", "ju\u0308rgen@example.com": "jürgen@example.com",
		"ada@BÜCHER.example": "ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example": "ada@xn--bcher-kva.example", "Иван.1@пример.рф": "иван.1@xn--e1afmkfd.xn--p1ai",
		"müßig+x@example.com": "müssig+x@example.com", "太郎@例え.jp": "太郎@xn--r8jz45g.jp", "ada@b\u3002example": "ada@b.example",
		"\u212Aate@example.com": "kate@example.com", "ada@\u212Aate.example": "ada@kate.example",
	} {
		if got, err := driver.CanonicalUnicodeEmail(in); err != nil || got != want {
			t.Errorf("CanonicalUnicodeEmail(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{
		"", "ü", "ü@", "@ü.example", "ü@b", "a\uff20b@example.com", "ü ü@example.com", "ü\u00adx@example.com", "ü\u200dx@example.com", "ü\ufe0f@example.com",
		"ü\u202ex@example.com", "ü\x00@example.com", "ü\r\nBcc: c@d.com@example.com", "ü😀@example.com", "ü@exa mple.com", "ü@-b.com", `"ü b"@example.com`,
		"ü..x@example.com", "ü.@example.com", "ü@a_b.com", "ü\xff@example.com", strings.Repeat("ü", 33) + "@example.com", "ü@" + strings.Repeat("abcdefg.", 32) + "com",
		"ü\u3164@example.com", "ü@xn--a.example",
	} {
		if got, err := driver.CanonicalUnicodeEmail(in); !errors.Is(err, driver.ErrInvalidEmail) {
			t.Errorf("CanonicalUnicodeEmail(%q) = %q, %v; want ErrInvalidEmail", in, got, err)
		}
	}
}

// In a reset of somebody's password, "mıke" was once found as "mike", since the upper case of both is "MIKE".
func TestDotlessIIsAnotherLetter(t *testing.T) {
	t.Parallel()
	for _, typed := range []string{"m\u0131ke@example.com", "mike@g\u0131thub.example", "M\u0130KE@example.com"} {
		for _, owner := range []string{"mike@example.com", "mike@github.example"} {
			if got, err := driver.CanonicalUnicodeEmail(typed); err == nil && got == owner {
				t.Errorf("%q is taken for %q", typed, owner)
			}
		}
	}
}

func FuzzCanonicalUnicodeEmail(f *testing.F) {
	for _, s := range []string{"ada@example.com", "JÜRGEN@bücher.example", "\u212A@b.com", "\u0345@b.com", "\uff20@b.com"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once, err := driver.CanonicalUnicodeEmail(s)
		if err != nil {
			return
		}
		twice, err := driver.CanonicalUnicodeEmail(once)
		if err != nil || twice != once {
			t.Fatalf("%q became %q, then %q, %v", s, once, twice, err)
		}
		if ascii, err := driver.CanonicalEmail(s); err == nil && ascii != once {
			t.Fatalf("%q became %q, and by the rules of ASCII %q", s, once, ascii)
		}
		if len(once) > 254 || strings.ContainsAny(once, " \r\n\x00<>,;") || strings.Count(once, "@") != 1 {
			t.Fatalf("%q became %q", s, once)
		}
	})
}
