package password

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// Passlib reads hashes of Python's passlib: $pbkdf2-sha256$, $pbkdf2-sha512$, $pbkdf2$
// (HMAC-SHA-1), $scrypt$ and $bcrypt-sha256$. Its argon2 and bcrypt need no Reader; its $P$ needs
// PHPass.
func Passlib() Reader {
	return Reader{read: func(text string) (scheme, error) {
		text, ok := strings.CutPrefix(text, "$")
		if !ok {
			return nil, errUnread
		}
		name, rest, _ := strings.Cut(text, "$")
		switch name {
		case "pbkdf2":
			return passlibPBKDF2(sha1Digest(), rest)
		case "pbkdf2-sha256":
			return passlibPBKDF2(sha256Digest(), rest)
		case "pbkdf2-sha512":
			return passlibPBKDF2(sha512Digest(), rest)
		case "scrypt":
			return passlibScrypt(rest)
		case "bcrypt-sha256":
			return passlibBcrypt(rest)
		}
		return nil, errUnread
	}}
}

func passlibPBKDF2(d digest, rest string) (scheme, error) {
	fields := strings.Split(strings.ReplaceAll(rest, ".", "+"), "$") // its base64 has a dot instead of the plus
	if len(fields) != 3 || strings.Contains(rest, "+") {
		return nil, errDamaged
	}
	iterations, okI := positive(fields[0], "")
	salt, okSalt := decoded(base64.RawStdEncoding, fields[1], minForeignSalt, maxSaltBytes)
	tag, okTag := decoded(base64.RawStdEncoding, fields[2], d.size, d.size)
	if !okI || !okSalt || !okTag {
		return nil, errDamaged
	}
	return newPBKDF2(d, iterations, salt, tag)
}

func passlibScrypt(rest string) (scheme, error) {
	fields := strings.Split(rest, "$")
	if len(fields) != 3 {
		return nil, errDamaged
	}
	costs := strings.Split(fields[0], ",")
	if len(costs) != 3 {
		return nil, errDamaged
	}
	log2, okN := positive(costs[0], "ln=")
	r, okR := positive(costs[1], "r=")
	p, okP := positive(costs[2], "p=")
	salt, okSalt := decoded(base64.RawStdEncoding, fields[1], minForeignSalt, maxSaltBytes)
	tag, okTag := decoded(base64.RawStdEncoding, fields[2], minTagBytes, maxTagBytes)
	switch {
	case !okN || !okR || !okP || !okSalt || !okTag:
		return nil, errDamaged
	case log2 > 31:
		return nil, errCostly
	}
	return newScrypt(1<<log2, uint64(r), uint64(p), salt, tag)
}

// passlibBcrypt reads version 1, type,cost$salt$hash, and version 2, v=2,t=type,r=cost$salt$hash.
func passlibBcrypt(rest string) (scheme, error) {
	fields := strings.Split(rest, "$")
	if len(fields) != 3 {
		return nil, errDamaged
	}
	salt := fields[1]
	prehash := func(plain string) string {
		sum := sha256.Sum256([]byte(plain))
		return base64.StdEncoding.EncodeToString(sum[:])
	}
	config, second := strings.CutPrefix(fields[0], "v=2,t=")
	kind, strength, _ := strings.Cut(config, ",")
	if second {
		strength = strings.TrimPrefix(strength, "r=")
		prehash = func(plain string) string {
			mac := hmac.New(sha256.New, []byte(salt))
			mac.Write([]byte(plain))
			return base64.StdEncoding.EncodeToString(mac.Sum(nil))
		}
	}
	n, err := strconv.ParseUint(strength, 10, 8)
	if err != nil {
		return nil, errDamaged
	}
	return prehashed(fmt.Sprintf("$%s$%02d$%s%s", kind, n, salt, fields[2]), prehash)
}
