package password

import (
	"fmt"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

const (
	bcryptLength   = 60
	bcryptMaxInput = 72 // bytes; bcrypt ignores what follows
	bcryptMinCost  = 4
	bcryptMaxCost  = 15 // about 2 s
	bcryptAlphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
)

// bcryptHash is a bcrypt string of another system. New ones are never made.
type bcryptHash struct {
	text     string
	strength int
	// prehash, unless it is nil, makes the text that was hashed from the password.
	prehash func(plain string) string
}

// parseBcrypt refuses $2x$, the mark of an implementation that dropped bits.
func parseBcrypt(s string) (bcryptHash, error) {
	if len(s) != bcryptLength || !strings.HasPrefix(s, "$2") || strings.IndexByte("aby", s[2]) < 0 || s[3] != '$' || s[6] != '$' {
		return bcryptHash{}, errDamaged
	}
	if strings.Trim(s[7:], bcryptAlphabet) != "" {
		return bcryptHash{}, errDamaged
	}
	strength, err := bcrypt.Cost([]byte(s))
	if err != nil || strength > bcryptMaxCost {
		return bcryptHash{}, errCostly
	}
	return bcryptHash{text: s, strength: strength}, nil
}

func (b bcryptHash) encode() string { return b.text }

// matches never accepts a password of more than 72 bytes that was not hashed before, though it does
// the same work for it: bcrypt would compare the first 72 bytes alone.
func (b bcryptHash) matches(plain string) bool {
	if b.prehash != nil {
		return compareBcrypt(b.text, b.prehash(plain))
	}
	return compareBcrypt(b.text, plain) && len(plain) <= bcryptMaxInput
}

func compareBcrypt(stored, input string) bool {
	return bcrypt.CompareHashAndPassword([]byte(stored), []byte(input[:min(len(input), bcryptMaxInput)])) == nil
}

func (b bcryptHash) cost() cost { return cost{"bcrypt", 1 << b.strength} }

// spend runs bcrypt once for each bit of units, for its work is a power of two.
func (bcryptHash) spend(plain string, units uint64) {
	for strength := bcryptMinCost; strength <= bcryptMaxCost; strength++ {
		if units>>strength&1 == 1 {
			compareBcrypt(fmt.Sprintf("$2b$%02d$%s", strength, strings.Repeat(".", 53)), plain)
		}
	}
}
