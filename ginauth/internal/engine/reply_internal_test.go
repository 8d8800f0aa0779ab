package engine

import (
	"net/url"
	"strings"
	"testing"
)

// SEC-134
func TestOnlyPathsOfThisSiteAreFollowed(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"/", "/user", "/user?tab=1&x=%2F", "/a/b#c", "/%2Fevil.example", "/a:b", "/@x"} {
		if !IsLocalPath(good) {
			t.Errorf("%q was refused", good)
		}
	}
	for _, bad := range []string{
		"", "user", "//evil.example", "///evil.example", `/\evil.example`, `\/evil.example`, "/\t/evil.example", "/\n/evil.example",
		"https://evil.example", "javascript:alert(1)", " /user", "/user\r\nSet-Cookie: a=b", "/\x00", "http:/user", "/%zz", "/a b",
		"/" + strings.Repeat("a", maxNext), "/a\\b", "/\x7f",
	} {
		if IsLocalPath(bad) {
			t.Errorf("%q was accepted", bad)
		}
	}
}

// leaves is what a browser makes of a reference (WHATWG URL, 4.4): it drops tabs and line
// breaks, trims control characters and blanks, and reads a backslash as a slash.
func leaves(ref string) bool {
	ref = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(ref)
	ref = strings.TrimFunc(ref, func(r rune) bool { return r <= ' ' })
	ref = strings.ReplaceAll(ref, `\`, "/")
	return strings.HasPrefix(ref, "//") || !strings.HasPrefix(ref, "/")
}

// SEC-134
func FuzzLocalPath(f *testing.F) {
	for _, s := range []string{"/user", "//evil.example", `/\evil.example`, "/\t/evil.example", "/%5cevil.example", "/a?b=//c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if IsLocalPath(s) && leaves(s) {
			t.Fatalf("a browser leaves the site for %q", s)
		}
		page := loginPage("", "/login", &url.URL{Path: s})
		if leaves(page) || !strings.HasPrefix(page, "/login") {
			t.Fatalf("loginPage gave %q for %q", page, s)
		}
	})
}
