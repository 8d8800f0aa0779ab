package driver_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/ginauth/ginauth/ginauth/driver"
)

func TestCanonicalUsername(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"ada": "ada", " Ada\t": "ada", "Ada.Lovelace-1815_": "ada.lovelace-1815_", "42": "42", "JÜRGEN": "jürgen", "ju\u0308rgen": "jürgen",
		"\uff21\uff24\uff21": "ada", "Иван": "иван", "ΑΣ": "ασ", "太郎": "太郎", "מיכל": "מיכל", strings.Repeat("x", 64): strings.Repeat("x", 64),
	} {
		if got, err := driver.CanonicalUsername(in); err != nil || got != want {
			t.Errorf("CanonicalUsername(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{
		"", " ", "a b", "a\tb", "ada@example.com", "ada@", "@ada", "ada\uff20example.com", "ada\ufe6bexample", "a\x00", "a\nb", "a\u200db", "a\u202eb", "\xff", "a\xc3",
		"\u00a0ada", "ﬁona", "\u2163", "ада\u0061", "pаypal", "αda", "ad\u00ada", "ad\u034fa", "a😀", strings.Repeat("x", 65), strings.Repeat("ü", 65),
	} {
		if got, err := driver.CanonicalUsername(in); !errors.Is(err, driver.ErrInvalidUsername) {
			t.Errorf("CanonicalUsername(%q) = %q, %v; want ErrInvalidUsername", in, got, err)
		}
	}
}

// Lower case is not the only mapping of Unicode. What looks like an ASCII name and is another is another account, or
// none; the Kelvin sign alone is K to all of Unicode, so that its account is the same.
func TestUsernamesThatLookAlike(t *testing.T) {
	t.Parallel()
	mike, _ := driver.CanonicalUsername("mike")
	if dotless, err := driver.CanonicalUsername("m\u0131ke"); err != nil || dotless == mike {
		t.Errorf("the dotless i: %q, %v", dotless, err)
	}
	if kelvin, err := driver.CanonicalUsername("mi\u212ae"); err == nil && kelvin != mike {
		t.Errorf("the Kelvin sign: %q", kelvin)
	}
}

func FuzzCanonicalUsername(f *testing.F) {
	for _, s := range []string{"ada", "JÜRGEN", "a@b", "\u212A", "ς", "\u0130", "مرحبا1", "\uff21"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once, err := driver.CanonicalUsername(s)
		if err != nil {
			return
		}
		twice, err := driver.CanonicalUsername(once)
		if err != nil || twice != once {
			t.Fatalf("%q became %q, then %q, %v", s, once, twice, err)
		}
		if _, err := driver.CanonicalEmail(once); err == nil || strings.ContainsAny(once, "@ \r\n\x00") {
			t.Fatalf("%q became %q", s, once)
		}
	})
}
