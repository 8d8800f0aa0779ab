package password

import (
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // salted and iterated; it is read, and never made
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"strings"
)

const (
	phpassAlphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	phpassLength   = 34
	// The bounds of phpass are 7 and 30. WordPress has 13.
	minPhpassLog2, maxPhpassLog2 = 7, 20
)

// PHPass reads the portable hashes of phpass, $P$ of WordPress and $H$ of phpBB, and WordPress'
// $wp$, which is bcrypt of an HMAC. The portable ones are MD5 with a salt, iterated some 8,000
// times: cheap to guess from a stolen table, so have users whose login does not replace theirs soon
// choose a new password.
func PHPass() Reader {
	return Reader{read: func(text string) (scheme, error) {
		if bcrypted, ok := strings.CutPrefix(text, "$wp$"); ok {
			return prehashed("$"+bcrypted, wordPressPrehash)
		}
		if !strings.HasPrefix(text, "$P$") && !strings.HasPrefix(text, "$H$") {
			return nil, errUnread
		}
		if len(text) != phpassLength || strings.Trim(text[3:], phpassAlphabet) != "" {
			return nil, errDamaged
		}
		log2 := strings.IndexByte(phpassAlphabet, text[3])
		if log2 < minPhpassLog2 || log2 > maxPhpassLog2 {
			return nil, errCostly
		}
		return phpass{rounds: 1 << log2, salt: text[4:12], tag: text[12:]}, nil
	}}
}

// wordPressPrehash is what WordPress 6.8 gives to bcrypt.
func wordPressPrehash(plain string) string {
	mac := hmac.New(sha512.New384, []byte("wp-sha384"))
	mac.Write([]byte(plain))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// phpass is a portable hash of the PHP library of that name.
type phpass struct {
	rounds    uint64
	salt, tag string
}

func (h phpass) matches(plain string) bool {
	sum := h.iterate(plain, h.rounds)
	return subtle.ConstantTimeCompare([]byte(phpassEncode(sum[:])), []byte(h.tag)) == 1
}

func (h phpass) cost() cost { return cost{"phpass", h.rounds} }

func (h phpass) spend(plain string, units uint64) { h.iterate(plain, units) }

func (h phpass) iterate(plain string, rounds uint64) [md5.Size]byte {
	sum := md5.Sum([]byte(h.salt + plain)) //nolint:gosec // as above
	input := append(make([]byte, md5.Size), plain...)
	for range rounds {
		copy(input, sum[:])
		sum = md5.Sum(input) //nolint:gosec // as above
	}
	return sum
}

// phpassEncode is a base64 of its own: six bits at a time, the lowest first, from three bytes in
// little endian.
func phpassEncode(b []byte) string {
	var out strings.Builder
	for ; len(b) > 0; b = b[min(3, len(b)):] {
		var word [3]byte
		n := copy(word[:], b)
		bits := uint32(word[0]) | uint32(word[1])<<8 | uint32(word[2])<<16
		for range n + 1 {
			out.WriteByte(phpassAlphabet[bits&63])
			bits >>= 6
		}
	}
	return out.String()
}
