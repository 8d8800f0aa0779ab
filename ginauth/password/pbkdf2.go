package password

import (
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // PBKDF2 with HMAC-SHA-1 is salted and iterated; it is read, and never made
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"hash"
)

// maxRounds bounds iterations times blocks: 0.6 s of a core with SHA-256, 2 s with SHA-512. Django 6.0
// has 1.2 million.
const maxRounds = 4 << 20

// digest is the hash of an HMAC.
type digest struct {
	name string
	size int
	hash func() hash.Hash
}

func sha1Digest() digest   { return digest{"sha1", sha1.Size, sha1.New} }
func sha256Digest() digest { return digest{"sha256", sha256.Size, sha256.New} }
func sha512Digest() digest { return digest{"sha512", sha512.Size, sha512.New} }

// digestNamed is the digest of a name such as "sha256".
func digestNamed(name string) (digest, bool) {
	for _, d := range []digest{sha1Digest(), sha256Digest(), sha512Digest()} {
		if d.name == name {
			return d, true
		}
	}
	return digest{}, false
}

// pbkdf2Hash is RFC 8018's PBKDF2.
type pbkdf2Hash struct {
	digest
	iterations int
	salt, tag  []byte
}

func newPBKDF2(d digest, iterations uint32, salt, tag []byte) (scheme, error) {
	h := pbkdf2Hash{digest: d, iterations: int(iterations), salt: salt, tag: tag}
	if iterations == 0 || len(salt) < minForeignSalt || len(salt) > maxSaltBytes || len(tag) < minTagBytes || len(tag) > maxTagBytes {
		return nil, errDamaged
	}
	if h.rounds() > maxRounds {
		return nil, errCostly
	}
	return h, nil
}

func (h pbkdf2Hash) rounds() uint64 {
	blocks := (len(h.tag) + h.size - 1) / h.size
	return uint64(h.iterations) * uint64(blocks) //nolint:gosec // both are positive
}

func (h pbkdf2Hash) matches(plain string) bool {
	key, err := pbkdf2.Key(h.hash, plain, h.salt, h.iterations, len(h.tag))
	return err == nil && subtle.ConstantTimeCompare(key, h.tag) == 1
}

func (h pbkdf2Hash) cost() cost { return cost{"pbkdf2 " + h.name, h.rounds()} }

func (h pbkdf2Hash) spend(plain string, units uint64) {
	_, _ = pbkdf2.Key(h.hash, plain, h.salt, int(units), h.size) //nolint:gosec // at most maxRounds
}
