package password

import (
	"strings"

	"golang.org/x/crypto/bcrypt"
)

const (
	bcryptLength   = 60
	bcryptMaxInput = 72 // bytes; bcrypt ignores what follows
	bcryptMaxCost  = 15 // about 2 s
	bcryptAlphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
)

// bcryptHash is a bcrypt string of another system. New ones are never made.
type bcryptHash string

// parseBcrypt refuses $2x$, the mark of an implementation that dropped bits.
func parseBcrypt(s string) (bcryptHash, error) {
	if len(s) != bcryptLength || strings.IndexByte("aby", s[2]) < 0 || s[3] != '$' || s[6] != '$' {
		return "", ErrMalformedHash
	}
	if strings.Trim(s[7:], bcryptAlphabet) != "" {
		return "", ErrMalformedHash
	}
	cost, err := bcrypt.Cost([]byte(s))
	if err != nil || cost > bcryptMaxCost {
		return "", ErrMalformedHash
	}
	return bcryptHash(s), nil
}

func (b bcryptHash) encode() string { return string(b) }

// matches never accepts more than 72 bytes, though it does the same work for
// them: bcrypt would compare the first 72 alone.
func (b bcryptHash) matches(plain string) bool {
	input := []byte(plain)
	fits := len(input) <= bcryptMaxInput
	err := bcrypt.CompareHashAndPassword([]byte(b), input[:min(len(input), bcryptMaxInput)])
	return err == nil && fits
}

func (bcryptHash) memoryPasses() uint32 { return 0 }

func (bcryptHash) lags(Params) bool { return true }
