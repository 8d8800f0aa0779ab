package password

import "strings"

// scheme is one stored hash, read.
type scheme interface {
	// encode returns the very string it was read from.
	encode() string
	// matches compares a normalised password with the hash.
	matches(plain string) bool
	// memoryPasses is the work in KiB times passes, or 0 where that is no measure.
	memoryPasses() uint32
	// lags reports whether the hash is weaker than a new one with p.
	lags(p Params) bool
}

var (
	_ scheme = argon{}
	_ scheme = bcryptHash("")
)

func parseScheme(s string) (scheme, error) {
	switch {
	case strings.HasPrefix(s, argonPrefix):
		return parseArgon(s)
	case strings.HasPrefix(s, "$2"):
		return parseBcrypt(s)
	}
	return nil, ErrMalformedHash
}
