package password_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/ginauth/ginauth/ginauth/password"
)

// check returns the code of the refusal, or "" when the password is accepted.
func check(tb testing.TB, p password.Policy, plain string, personal ...string) password.Code {
	tb.Helper()
	err := p.Check(plain, personal...)
	if err == nil {
		return ""
	}
	var refused *password.PolicyError
	if !errors.As(err, &refused) {
		tb.Fatalf("Check returned a %T", err)
	}
	return refused.Code
}

// SEC-1: lengths are counted in code points of the NFC form.
func TestPolicyCountsCodePoints(t *testing.T) {
	t.Parallel()
	const letters = "öäüßéñøžśαжあ漢한🔑"
	of := func(n int) string { return string([]rune(strings.Repeat(letters, 20))[:n]) }
	for _, tc := range []struct {
		policy password.Policy
		plain  string
		want   password.Code
	}{
		{password.Policy{}, of(14), password.CodeTooShort},
		{password.Policy{}, of(15), ""},
		{password.Policy{}, of(16), ""},
		{password.Policy{}, norm.NFD.String(of(14)), password.CodeTooShort},
		{password.Policy{}, norm.NFD.String(of(15)), ""},
		{password.Policy{}, "", password.CodeTooShort},
		{password.Policy{MinLength: 8}, of(7), password.CodeTooShort},
		{password.Policy{MinLength: 8}, of(8), ""},
		{password.Policy{MinLength: 1}, of(7), password.CodeTooShort},
		{password.Policy{MinLength: -5}, of(7), password.CodeTooShort},
		{password.Policy{MaxLength: 64}, of(65), password.CodeTooLong},
		{password.Policy{MaxLength: 64}, of(64), ""},
		{password.Policy{MaxLength: 1}, of(64), ""},
		{password.Policy{MaxLength: 5000}, of(256), ""},
		{password.Policy{MaxLength: 5000}, of(257), password.CodeTooLong},
		{password.Policy{}, strings.Repeat("x", 1<<20), password.CodeTooLong},
		{password.Policy{}, "long enough but \xff", password.CodeInvalid},
		{password.Policy{}, "long enough but \x00", password.CodeInvalid},
	} {
		if got := check(t, tc.policy, tc.plain); got != tc.want {
			t.Errorf("%+v on %d code points: %q, want %q", tc.policy, utf8.RuneCountInString(tc.plain), got, tc.want)
		}
	}
}

func TestPolicyErrorNamesTheLimit(t *testing.T) {
	t.Parallel()
	for plain, want := range map[string]int{"short": 12, strings.Repeat("long ", 20): 90, "passwordpassword": 0} {
		var refused *password.PolicyError
		err := password.Policy{MinLength: 12, MaxLength: 90}.Check(plain)
		if !errors.As(err, &refused) || refused.Limit != want {
			t.Errorf("%v, want limit %d", err, want)
		}
	}
}

// SEC-8: length is enough, whatever the characters.
func TestPolicyHasNoCompositionRules(t *testing.T) {
	t.Parallel()
	for _, plain := range []string{
		"onlylowercaseletters", "ONLYUPPERCASELETTERS", "804117263955120", "               a", "!?-_.,;:#+*~'&%$", "aaaaaaaaaaaaaaaaaa1",
		"correct horse battery staple", "秘密の合言葉は誰にも教えない",
	} {
		if got := check(t, password.Policy{}, plain); got != "" {
			// The last one has 14 code points.
			if utf8.RuneCountInString(plain) < 15 && got == password.CodeTooShort {
				continue
			}
			t.Errorf("%q is refused as %s", plain, got)
		}
	}
}

func readBlocklist(tb testing.TB) []string {
	tb.Helper()
	packed, err := os.ReadFile("blocklist.txt.gz")
	if err != nil {
		tb.Fatal(err)
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		tb.Fatal(err)
	}
	var list []string
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		list = append(list, lines.Text())
	}
	if err := lines.Err(); err != nil {
		tb.Fatal(err)
	}
	return list
}

// SEC-5
func TestPolicyRefusesEveryListedPassword(t *testing.T) {
	t.Parallel()
	list := readBlocklist(t)
	long := 0
	for _, entry := range list {
		policy := password.Policy{MinLength: 8}
		if len(entry) >= 15 {
			policy = password.Policy{}
			long++
		}
		for _, plain := range []string{entry, strings.ToUpper(entry)} {
			if got := check(t, policy, plain); got != password.CodeCommon {
				t.Errorf("%q: %q", plain, got)
			}
		}
	}
	if long < 3000 || len(list)-long != 10_000 {
		t.Errorf("the list has %d entries, %d of them long", len(list), long)
	}
	for _, known := range []string{"password1", "iloveyou1", "q1w2e3r4t5y6u7i8o9p0", "1qaz2wsx3edc4rfv"} {
		if !slices.Contains(list, known) {
			t.Errorf("%q is missing", known)
		}
	}
}

func TestBlocklistIsInSearchOrder(t *testing.T) {
	t.Parallel()
	list := readBlocklist(t)
	for i, entry := range list {
		if i > 0 && list[i-1] >= entry {
			t.Errorf("%q comes after %q", entry, list[i-1])
		}
		if entry != strings.ToLower(entry) || len(entry) < 8 {
			t.Errorf("%q can never be found", entry)
		}
	}
	if text, err := os.ReadFile("LICENSE-blocklist"); err != nil || !bytes.Contains(text, []byte("MIT License")) {
		t.Errorf("the list's licence is not beside it: %v", err)
	}
}

func TestPolicyRefusesSequencesAndRepetitions(t *testing.T) {
	t.Parallel()
	for plain, want := range map[string]password.Code{
		"123456789012345":     password.CodeCommon,
		"098765432109876":     password.CodeCommon,
		"ABCDEFGHIJKLMNOPQ":   password.CodeCommon,
		"qponmlkjihgfedcba":   password.CodeCommon,
		"xyzabcdefghijklmnop": password.CodeCommon,
		"aaaaaaaaaaaaaaaa":    password.CodeCommon,
		"🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑🔑": password.CodeCommon,
		"abcabcabcabcabcabc":       password.CodeCommon,
		"k9#Tk9#Tk9#Tk9#Tk9":       password.CodeCommon,
		"PasswordPassword":         password.CodeCommon,
		"Starwars1Starwars1":       password.CodeCommon, // only its half is on the list
		"aeiouaeiouaeiou":          password.CodeCommon,
		"cdefghijklcdefghijkl":     password.CodeCommon,
		"mississippi-mississippi-": "",
		"1234567890 is a number":   "",
		"abcdefghijklmnoq":         "",
		"aaaaaaaaaaaaaaab":         "",
	} {
		if got := check(t, password.Policy{}, plain); got != want {
			t.Errorf("%q: %q, want %q", plain, got, want)
		}
	}
}

// SEC-7
func TestPolicyRefusesPersonalAndServiceWords(t *testing.T) {
	t.Parallel()
	policy := password.Policy{Words: []string{"Acme", "Rocket Skates"}}
	email, name := "Wile.E.Coyote+shop@example.com", "Élodie van der Berg-Núñez"
	for plain, want := range map[string]password.Code{
		"the best coyote of all":                   password.CodeContainsPersonal,
		"the best COYOTE of all":                   password.CodeContainsPersonal,
		"wile.e.coyote+shop 99":                    password.CodeContainsPersonal,
		"elodie is not her name":                   "",
		"ÉLODIE has it as a name":                  password.CodeContainsPersonal,
		norm.NFD.String("élodie, decomposed form"): password.CodeContainsPersonal,
		"my name ends in NÚÑEZ":                    password.CodeContainsPersonal,
		"a bergamot for the van":                   password.CodeContainsPersonal,
		"vanity is der last thing":                 "",
		"example.com is a domain":                  "",
		"my acme account, two":                     password.CodeContainsWord,
		"ROCKET SKATES for sale":                   password.CodeContainsWord,
		"rockets and other skates":                 "",
	} {
		if got := check(t, policy, plain, email, name, "", " "); got != want {
			t.Errorf("%q: %q, want %q", plain, got, want)
		}
	}
	if got := check(t, password.Policy{}, "the best coyote of all"); got != "" {
		t.Errorf("without context: %q", got)
	}
}

func TestPolicyValidateNamesTheField(t *testing.T) {
	t.Parallel()
	for _, p := range []password.Policy{{}, {MinLength: 8}, {MinLength: 64, MaxLength: 64}, {MaxLength: 256}, {Words: []string{"acme", "ACME Corp"}}} {
		if err := p.Validate(); err != nil {
			t.Errorf("%+v: %v", p, err)
		}
	}
	for field, policies := range map[string][]password.Policy{
		"MinLength": {{MinLength: 7}, {MinLength: -1}, {MinLength: 65, MaxLength: 64}, {MinLength: 300}},
		"MaxLength": {{MaxLength: 63}, {MaxLength: -1}, {MaxLength: 257}},
		"Words[1]":  {{Words: []string{"acme", ""}}, {Words: []string{"acme", "abc"}}, {Words: []string{"acme", "  a  "}}},
	} {
		for _, p := range policies {
			if err := p.Validate(); err == nil || !strings.Contains(err.Error(), field) {
				t.Errorf("%+v: %v", p, err)
			}
		}
	}
}

func TestPolicyErrorDoesNotEchoThePassword(t *testing.T) {
	t.Parallel()
	for _, plain := range []string{"hunter2", "xyzzy\x00", "1qaz2wsx3edc4rfv", "coyote needs a rocket", strings.Repeat("hunter2", 100)} {
		err := password.Policy{}.Check(plain, "coyote")
		if err == nil || strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), plain[:5]) {
			t.Errorf("the error is %v", err)
		}
	}
}

func TestEveryCodeHasAText(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, code := range []password.Code{
		password.CodeInvalid, password.CodeTooShort, password.CodeTooLong, password.CodeCommon,
		password.CodeContainsPersonal, password.CodeContainsWord, "other",
	} {
		seen[(&password.PolicyError{Code: code}).Error()] = true
	}
	if len(seen) != 7 {
		t.Errorf("the texts are %v", seen)
	}
}
