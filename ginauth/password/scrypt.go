package password

import (
	"crypto/subtle"
	"math/bits"

	"golang.org/x/crypto/scrypt"
)

// maxScryptBlocks bounds (N + p)·r, blocks of 128 bytes in memory, to 256 MiB, and N·r·p to about a
// second.
const maxScryptBlocks = maxMemoryKiB << 10 / 128

// scryptHash is RFC 7914's scrypt.
type scryptHash struct {
	n, r, p   int
	salt, tag []byte
	// seal, unless it is nil, makes the tag from the key of 32 bytes that scrypt derived.
	seal func(key []byte) []byte
}

// newScrypt checks N, a power of two, the block size r and the parallelism p.
func newScrypt(n, r, p uint64, salt, tag []byte) (scryptHash, error) {
	if n < 2 || bits.OnesCount64(n) != 1 || r == 0 || p == 0 ||
		len(salt) < minForeignSalt || len(salt) > maxSaltBytes || len(tag) < minTagBytes || len(tag) > maxTagBytes {
		return scryptHash{}, errDamaged
	}
	if n > maxScryptBlocks || p > maxScryptBlocks || r > maxScryptBlocks/(n+p) || p > maxScryptBlocks/(n*r) {
		return scryptHash{}, errCostly
	}
	return scryptHash{n: int(n), r: int(r), p: int(p), salt: salt, tag: tag}, nil //nolint:gosec // bounded above
}

func (h scryptHash) matches(plain string) bool {
	size := len(h.tag)
	if h.seal != nil {
		size = sealKeyBytes
	}
	key, err := scrypt.Key([]byte(plain), h.salt, h.n, h.r, h.p, size)
	if err != nil {
		return false
	}
	if h.seal != nil {
		key = h.seal(key)
	}
	return subtle.ConstantTimeCompare(key, h.tag) == 1
}

func (h scryptHash) cost() cost {
	return cost{"scrypt", uint64(h.n) * uint64(h.r) * uint64(h.p)} //nolint:gosec // all are positive
}

// spend takes the memory of h while enough is left to spend, and then less.
func (h scryptHash) spend(plain string, units uint64) {
	left := int(units) //nolint:gosec // at most maxScryptBlocks
	for n := h.n; n > 1 && left > 0; n /= 2 {
		if p := left / (n * h.r); p > 0 {
			_, _ = scrypt.Key([]byte(plain), h.salt, n, h.r, p, minTagBytes)
			left -= n * h.r * p
		}
	}
}
