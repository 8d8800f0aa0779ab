package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// bareDigests are the places where a credential's digest is used without its realm, and why that is right.
var bareDigests = map[string]string{
	"../ginauth/apikey/backend.go: key.Digest(), err":                   "a line of the log",
	"../ginauth/ginauthtest/credential.go: key.Digest(), Start":         "users of the kit are in the realm \"\"",
	"../ginauth/signup.go: st.Digest())":                                "a session's own digest, which has its realm",
	"../ginauth/logout.go: st.Digest()":                                 "a session's own digest, which has its realm",
	"../ginauth/internal/engine/rotate.go: st.Digest(), methods)":       "a session's own digest, which has its realm",
	"../ginauth/internal/engine/throttle.go: s.token.Digest()":          "the key of a known browser, whose name has its realm",
	"../ginauth/driver/drivertest/run.go: driver.NewToken().Digest() }": "any digest, for a test",
}

// A credential that one tenant gives out must be nothing at another (SEC-63): each digest of one
// is bound to its realm where it is made.
func TestEveryDigestOfACredentialHasItsRealm(t *testing.T) {
	t.Parallel()
	// Refresh tokens have a Key; elsewhere that is something else.
	digest := regexp.MustCompile(`[\w.()]*\.(Digest|Key)\(\)(.*)`)
	found, bound := map[string]bool{}, 0
	for _, dir := range []string{"../ginauth", "../store", "../example"} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() && strings.HasSuffix(path, "store/bench") {
				return filepath.SkipDir
			}
			if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return nil
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, line := range strings.Split(string(text), "\n") {
				m := digest.FindStringSubmatch(line)
				if m == nil || m[1] == "Key" && !strings.HasPrefix(path, "../ginauth/jwt/") || strings.Contains(path, "/jwks/") || strings.HasPrefix(strings.TrimSpace(line), "//") || strings.HasPrefix(line, "func ") && !strings.Contains(line, "{ return") {
					continue
				}
				if strings.HasPrefix(m[2], ".In(") {
					bound++
					continue
				}
				known := false
				for place := range bareDigests {
					file, part, _ := strings.Cut(place, ": ")
					if file == path && strings.Contains(line, part) {
						found[place], known = true, true
					}
				}
				if !known {
					t.Errorf("%s: the digest has no realm: %s", path, strings.TrimSpace(line))
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if bound < 10 {
		t.Errorf("%d digests with a realm were found: the pattern looks for others", bound)
	}
	for place := range bareDigests {
		if !found[place] {
			t.Errorf("%s is no longer there", place)
		}
	}
}
