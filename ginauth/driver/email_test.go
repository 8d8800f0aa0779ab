package driver_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// SEC-22
func TestCanonicalEmail(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"ada@example.com": "ada@example.com", " Ada@Example.COM\t": "ada@example.com", "a+b@x-y.example": "a+b@x-y.example",
		"o'hara@example.com": "o'hara@example.com", strings.Repeat("l", 64) + "@example.com": strings.Repeat("l", 64) + "@example.com",
	} {
		if got, err := driver.CanonicalEmail(in); err != nil || got != want {
			t.Errorf("CanonicalEmail(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{
		"", "a", "@", "a@", "@b.com", "a@b", "a@@b.com", "a b@c.com", "A <a@b.com>", "<a@b.com>", "a@[127.0.0.1]", "a@b\u3002com",
		"\u212Aate@example.com", "a@ex\u0130mple.com", "a\uff20b.com", "a@b.com\x00", "a@b.com\r\nBcc: c@d.com", "a@b.com, c@d.com",
		`"a b"@c.com`, "a@-b.com", "a@b-.com", "a@b..com", "a@b.com.", ".a@b.com", "a..b@c.com", "a@b_c.com", "a(comment)@b.com",
		strings.Repeat("l", 65) + "@example.com", "a@" + strings.Repeat("d", 64) + ".com", "a@" + strings.Repeat("abcdefg.", 32) + "com",
	} {
		if got, err := driver.CanonicalEmail(in); !errors.Is(err, driver.ErrInvalidEmail) {
			t.Errorf("CanonicalEmail(%q) = %q, %v; want ErrInvalidEmail", in, got, err)
		}
	}
}

// SEC-22
func FuzzCanonicalEmail(f *testing.F) {
	for _, s := range []string{"ada@example.com", "A <a@b.com>", "a@[::1]", `"a"@b.com`, "\u212A@b.com"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once, err := driver.CanonicalEmail(s)
		if err != nil {
			return
		}
		twice, err := driver.CanonicalEmail(once)
		if err != nil || twice != once {
			t.Fatalf("%q became %q, then %q, %v", s, once, twice, err)
		}
		if len(once) > 254 || strings.ContainsAny(once, " \r\n\x00<>,;") || strings.Count(once, "@") != 1 {
			t.Fatalf("%q became %q", s, once)
		}
	})
}
