package password

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

const (
	argonPrefix  = "$argon2id$"
	argonIPrefix = "$argon2i$" // read, and never made
	saltBytes    = 16          // RFC 9106 section 3.1
	tagBytes     = 32          // RFC 9106 section 4

	// Bounds on a stored hash. RFC 9106 would allow tags of 4 bytes.
	minSaltBytes, maxSaltBytes = 8, 64
	minTagBytes, maxTagBytes   = 16, 64
	maxLanes                   = 255 // of x/crypto/argon2; all lanes share the memory
	maxArgonLength             = 256
)

// argon is a parsed PHC string of argon2id, or of argon2i.
type argon struct {
	i         bool // argon2i
	params    Params
	lanes     uint32
	salt, tag []byte
}

// newArgon hashes a normalised password with a fresh salt.
func newArgon(plain string, p Params) argon {
	a := blankArgon(p)
	_, _ = rand.Read(a.salt) // never fails: crypto/rand ends the process instead
	a.tag = a.derive(plain)
	return a
}

// blankArgon has the shape of a new hash and matches nothing.
func blankArgon(p Params) argon {
	return argon{params: p, lanes: 1, salt: make([]byte, saltBytes), tag: make([]byte, tagBytes)}
}

func (a argon) derive(plain string) []byte {
	tagLength := uint32(len(a.tag)) //nolint:gosec // at most maxTagBytes
	lanes := uint8(a.lanes)         //nolint:gosec // at most maxLanes
	key := argon2.IDKey
	if a.i {
		key = argon2.Key
	}
	return key([]byte(plain), a.salt, a.params.Passes, a.params.MemoryKiB, lanes, tagLength)
}

func (a argon) matches(plain string) bool {
	return subtle.ConstantTimeCompare(a.derive(plain), a.tag) == 1
}

// cost tells lanes apart because they may run on several cores at once.
func (a argon) cost() cost {
	return cost{argonKind{i: a.i, parallel: a.lanes > 1}, uint64(a.params.memoryPasses())}
}

type argonKind struct{ i, parallel bool }

func (a argon) spend(plain string, units uint64) {
	a.params.MemoryKiB = uint32(units / uint64(a.params.Passes)) //nolint:gosec // at most the memory of a
	if a.params.MemoryKiB > 0 {
		a.derive(plain)
	}
}

func (a argon) lags(p Params) bool {
	return a.i || a.params.MemoryKiB < p.MemoryKiB || a.params.Passes < p.Passes ||
		len(a.salt) < saltBytes || len(a.tag) < tagBytes
}

func (a argon) encode() string {
	b64, prefix := base64.RawStdEncoding, argonPrefix
	if a.i {
		prefix = argonIPrefix
	}
	return fmt.Sprintf("%sv=%d$m=%d,t=%d,p=%d$%s$%s", prefix, argon2.Version,
		a.params.MemoryKiB, a.params.Passes, a.lanes, b64.EncodeToString(a.salt), b64.EncodeToString(a.tag))
}

// parseArgon accepts only what encode could have written for some cost within the
// bounds: parameters in order, decimals and base64 in their one canonical spelling.
func parseArgon(s string) (argon, error) {
	if len(s) > maxArgonLength {
		return argon{}, errDamaged
	}
	rest, i := strings.CutPrefix(s, argonIPrefix)
	if !i {
		rest = strings.TrimPrefix(s, argonPrefix)
	}
	fields := strings.Split(rest, "$")
	if len(fields) != 4 || fields[0] != "v=19" {
		return argon{}, errDamaged
	}
	costs := strings.Split(fields[1], ",")
	if len(costs) != 3 {
		return argon{}, errDamaged
	}
	memory, okM := positive(costs[0], "m=")
	passes, okT := positive(costs[1], "t=")
	lanes, okP := positive(costs[2], "p=")
	params := Params{MemoryKiB: memory, Passes: passes}
	switch {
	case !okM || !okT || !okP:
		return argon{}, errDamaged
	case !params.bounded() || lanes > maxLanes || memory < 8*lanes: // RFC 9106 section 3.1
		return argon{}, errCostly
	}
	salt, okSalt := decoded(base64.RawStdEncoding, fields[2], minSaltBytes, maxSaltBytes)
	tag, okTag := decoded(base64.RawStdEncoding, fields[3], minTagBytes, maxTagBytes)
	if !okSalt || !okTag {
		return argon{}, errDamaged
	}
	return argon{i: i, params: params, lanes: lanes, salt: salt, tag: tag}, nil
}

// positive reads a decimal number above zero without sign or leading zeros.
func positive(s, prefix string) (uint32, bool) {
	digits, found := strings.CutPrefix(s, prefix)
	if !found || digits == "" || digits[0] == '0' || digits[0] == '+' {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 32)
	return uint32(n), err == nil
}
