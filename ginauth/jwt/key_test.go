package jwt_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ginauth/ginauth/ginauth/jwt"
)

// SEC-94, SEC-166
func TestWeakKeysAreRefused(t *testing.T) {
	t.Parallel()
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	random := make([]byte, 32)
	_, _ = rand.Read(random)
	for _, test := range []struct {
		name, id string
		key      any
		want     string
	}{
		{"nil", "a", nil, "the key is nil"},
		{"nil *rsa", "a", (*rsa.PrivateKey)(nil), "the key is nil"},
		{"nil *ecdsa", "a", (*ecdsa.PublicKey)(nil), "the key is nil"},
		{"nil secret", "a", []byte(nil), "is empty"},
		{"empty secret", "a", []byte{}, "is empty"},
		{"one byte", "a", []byte{7}, "has 1 bytes"},
		{"31 bytes", "a", random[:31], "has 31 bytes"},
		{"zeroes", "a", make([]byte, 64), "repeats itself"},
		{"a word, repeated", "a", []byte(strings.Repeat("hunter2!", 8)), "repeats itself"},
		{"placeholder", "a", []byte("Please-ChangeMe-before-production-use"), "placeholder"},
		{"default of Supabase", "a", []byte("super-secret-jwt-token-with-at-least-32-characters-long"), "placeholder"},
		{"jwt.io", "a", []byte("a-string-secret-at-least-256-bits-long"), "placeholder"},
		{"RFC 7515", "a", decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"), "public documentation"},
		{"RFC 8037", "a", ed25519.PublicKey(decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")), "public documentation"},
		{"secret without an id", "", random, "needs an id"},
		{"id with a blank", "a b", random, "printable ASCII"},
		{"id with a NUL", "a\x00", random, "printable ASCII"},
		{"long id", strings.Repeat("a", 129), random, "at most 128"},
		{"RSA of 1024 bits", "a", small, "1024 bits"},
		{"RSA without a number", "a", &rsa.PublicKey{}, "the key is nil"},
		{"P-224", "a", p224, "P-256"},
		{"P-224 public", "a", &p224.PublicKey, "P-256"},
		{"no curve", "a", &ecdsa.PublicKey{X: p384.X, Y: p384.Y}, "the key is nil"},
		{"P-384's point on P-521", "a", &ecdsa.PublicKey{Curve: elliptic.P521(), X: p384.X, Y: p384.Y}, "not a point"},
		{"not a point", "a", &ecdsa.PublicKey{Curve: elliptic.P256(), X: p384.X, Y: p384.Y}, "not a point"},
		{"short Ed25519", "a", ed25519.PrivateKey(random), "wrong length"},
		{"short Ed25519 public", "a", ed25519.PublicKey(random[:31]), "wrong length"},
		{"text", "a", "secret", "is no key"},
	} {
		_, err := jwt.NewKey(test.id, test.key)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
	for _, unknown := range []jwt.Algorithm{"", "none", "HS1", "ES256K", "Ed25519", "hs256"} {
		if _, err := jwt.Generate("a", unknown); err == nil {
			t.Errorf("%q was generated for", unknown)
		}
	}
}

// SEC-92, SEC-94: a key has another algorithm only if its owner says so, and its kind and its size have it.
func TestKeyTakesOnlyWhatItsKindHas(t *testing.T) {
	t.Parallel()
	for _, has := range everyAlgorithm {
		k, err := jwt.Generate("a", has)
		if err != nil || k.Algorithm() != has || k.ID() != "a" || !k.CanSign() {
			t.Fatalf("%s: %v", has, err)
		}
		for _, wants := range append([]jwt.Algorithm{"", "none", "hs256"}, everyAlgorithm...) {
			good := wants == has || (has[0] == 'R' || has[0] == 'P') && len(wants) == 5 && (wants[0] == 'R' || wants[0] == 'P') ||
				has == jwt.HS512 && (wants == jwt.HS256 || wants == jwt.HS384) || has == jwt.HS384 && wants == jwt.HS256
			other, err := k.WithAlgorithm(wants)
			if (err == nil) != good || good && (other.Algorithm() != wants || other.ID() != "a" || k.Algorithm() != has) {
				t.Errorf("%s for %q: %v", has, wants, err)
			}
		}
	}
	if _, err := (jwt.Key{}).WithAlgorithm(jwt.HS256); err == nil {
		t.Error("the zero key was taken")
	}
	secret := make([]byte, 64)
	_, _ = rand.Read(secret)
	for algorithm, least := range map[jwt.Algorithm]int{jwt.HS256: 32, jwt.HS384: 48, jwt.HS512: 64} {
		for _, size := range []int{32, 47, 48, 63, 64} {
			k, err := jwt.NewKey("a", secret[:size])
			if err != nil {
				t.Fatal(err)
			}
			if _, err := k.WithAlgorithm(algorithm); (err == nil) != (size >= least) {
				t.Errorf("%d bytes for %s: %v", size, algorithm, err)
			}
		}
	}
}

func decode(s string) []byte {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

func TestKeysAreReadFromPEM(t *testing.T) {
	t.Parallel()
	bigEC := newPair(t, "", jwt.ES512)
	ed, ec, rs := newPair(t, "", jwt.EdDSA), newPair(t, "", jwt.ES256), newPair(t, "", jwt.RS256)
	ecKey, _ := ec.material.(*ecdsa.PrivateKey)
	rsKey, _ := rs.material.(*rsa.PrivateKey)
	sec1, err := x509.MarshalECPrivateKey(ecKey)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, text string
		want       pair
		signs      bool
	}{
		{"Ed25519, PKCS #8", pkcs8(t, ed.material), ed, true},
		{"P-256, PKCS #8", pkcs8(t, ec.material), ec, true},
		{"P-521, PKCS #8", pkcs8(t, bigEC.material), bigEC, true},
		{"P-521, public", pkix(t, publicOf(t, bigEC)), bigEC, false},
		{"RSA, PKCS #8", pkcs8(t, rs.material), rs, true},
		{"P-256, SEC 1", block("EC PRIVATE KEY", sec1), ec, true},
		{"P-256, as openssl ecparam writes it", block("EC PARAMETERS", []byte{6, 8, 42, 134, 72, 206, 61, 3, 1, 7}) + block("EC PRIVATE KEY", sec1), ec, true},
		{"RSA, PKCS #1", block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsKey)), rs, true},
		{"P-256, public", pkix(t, &ecKey.PublicKey), ec, false},
		{"RSA, public", pkix(t, &rsKey.PublicKey), rs, false},
		{"RSA, public, PKCS #1", block("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&rsKey.PublicKey)), rs, false},
		{"on one line, as in an environment variable", strings.ReplaceAll(pkcs8(t, ed.material), "\n", `\n`), ed, true},
	} {
		k, err := jwt.ParseKey("", test.text)
		if err != nil || k.ID() != test.want.ID() || k.Algorithm() != test.want.Algorithm() || k.CanSign() != test.signs {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	file := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(file, []byte(pkcs8(t, ed.material)), 0o600); err != nil {
		t.Fatal(err)
	}
	if k, err := jwt.ReadKey("named", file); err != nil || k.ID() != "named" {
		t.Errorf("from a file: %v", err)
	}
	if _, err := jwt.ReadKey("", file+".gone"); err == nil {
		t.Error("a missing file was read")
	}
}

func TestBadPEMIsExplained(t *testing.T) {
	t.Parallel()
	key := pkcs8(t, newPair(t, "", jwt.EdDSA).material)
	for _, test := range []struct{ name, text, want string }{
		{"nothing", "", "is empty"},
		{"blanks", " \n", "is empty"},
		{"no PEM", "c2VjcmV0", "not in PEM"},
		{"two keys", key + key, "more than one key"},
		{"encrypted", block("ENCRYPTED PRIVATE KEY", []byte{1}), "is encrypted"},
		{"a certificate", block("CERTIFICATE", []byte{1}), "holds no key"},
		{"rubbish", block("PRIVATE KEY", []byte{1, 2, 3}), "cannot be read"},
		{"too long", strings.Repeat("A", 65<<10), "more than 65536 bytes"},
	} {
		if _, err := jwt.ParseKey("", test.text); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
}

func block(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func pkcs8(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return block("PRIVATE KEY", der)
}

func pkix(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return block("PUBLIC KEY", der)
}

// SEC-160
func TestKeysDoNotPrint(t *testing.T) {
	t.Parallel()
	secret := []byte("canary-canary-7f1d0c9e8b7a65432100")
	k, err := jwt.NewKey("id", secret)
	if err != nil {
		t.Fatal(err)
	}
	r := ring(t, k)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "key", k, "ring", r)
	text, err := json.Marshal(struct{ Key jwt.Key }{k})
	if err != nil {
		t.Fatal(err)
	}
	all := fmt.Sprintf("%v %+v %#v %s %x %v %+v %#v", k, k, k, k, k, r, r, struct{ K jwt.Key }{k}) + log.String() + string(text)
	for _, form := range []string{"canary", hex.EncodeToString(secret[:6]), "99 97 110", "0x63, 0x61", b64(secret)[:8]} {
		if strings.Contains(all, form) {
			t.Errorf("%q is in %s", form, all)
		}
	}
}

func TestThumbprintIsThatOfRFC7638(t *testing.T) {
	t.Parallel()
	// RFC 7638, 3.1.
	n := "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
	public := &rsa.PublicKey{N: bigInt(decode(n)), E: 65537}
	k, err := jwt.NewKey("", public)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", k.ID()); diff != "" {
		t.Error(diff)
	}
}
