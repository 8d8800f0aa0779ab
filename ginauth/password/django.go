package password

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// Django reads the column password of Django's auth_user: pbkdf2_sha256$, pbkdf2_sha1$, scrypt$,
// argon2$, bcrypt_sha256$ and bcrypt$; pbkdf2_sha512$, as apps have it; and the "!" of a password
// that cannot be used, which matches nothing. It does not read md5$, sha1$ and the unsalted ones.
func Django() Reader {
	return Reader{read: func(text string) (scheme, error) {
		name, rest, _ := strings.Cut(text, "$")
		switch {
		case strings.HasPrefix(text, "!"):
			return never{}, nil
		case strings.HasPrefix(name, "pbkdf2_"):
			return djangoPBKDF2(strings.TrimPrefix(name, "pbkdf2_"), rest)
		}
		switch name {
		case "scrypt":
			return djangoScrypt(rest)
		case "argon2":
			return djangoArgon("$" + rest)
		case "bcrypt":
			return prehashed(rest, nil)
		case "bcrypt_sha256":
			return prehashed(rest, func(plain string) string {
				sum := sha256.Sum256([]byte(plain))
				return hex.EncodeToString(sum[:])
			})
		}
		return nil, errUnread
	}}
}

func djangoPBKDF2(digestName, rest string) (scheme, error) {
	d, ok := digestNamed(digestName)
	if !ok {
		return nil, errUnread
	}
	fields := strings.Split(rest, "$")
	if len(fields) != 3 {
		return nil, errDamaged
	}
	iterations, okI := positive(fields[0], "")
	tag, okTag := decoded(base64.StdEncoding, fields[2], d.size, d.size)
	if !okI || !okTag {
		return nil, errDamaged
	}
	return newPBKDF2(d, iterations, []byte(fields[1]), tag)
}

func djangoScrypt(rest string) (scheme, error) {
	fields := strings.Split(rest, "$")
	if len(fields) != 5 {
		return nil, errDamaged
	}
	n, okN := positive(fields[0], "")
	r, okR := positive(fields[2], "")
	p, okP := positive(fields[3], "")
	tag, okTag := decoded(base64.StdEncoding, fields[4], minTagBytes, maxTagBytes)
	if !okN || !okR || !okP || !okTag {
		return nil, errDamaged
	}
	return newScrypt(uint64(n), uint64(r), uint64(p), []byte(fields[1]), tag)
}

func djangoArgon(text string) (scheme, error) {
	if !strings.HasPrefix(text, argonPrefix) && !strings.HasPrefix(text, argonIPrefix) {
		return nil, errUnread
	}
	return parseArgon(text)
}

// never is a hash that matches nothing.
type never struct{}

func (never) matches(string) bool  { return false }
func (never) cost() cost           { return cost{"none", 0} }
func (never) spend(string, uint64) {}
