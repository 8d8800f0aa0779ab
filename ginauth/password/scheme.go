package password

import "strings"

// stored is a hash as a store keeps it.
type stored interface {
	// encode returns the very string it was read from.
	encode() string
}

// scheme is a stored hash that was read, with all that a comparison needs. Its cost is bounded.
type scheme interface {
	// matches compares a normalised password with the hash.
	matches(plain string) bool
	// cost is the work of matches.
	cost() cost
	// spend does so many units of that work, at most cost().units, and compares nothing.
	spend(plain string, units uint64)
}

var (
	_ stored = argon{}
	_ stored = bcryptHash{}
	_ stored = unread("")
	_ scheme = argon{}
	_ scheme = bcryptHash{}
)

// unread is a text that a Reader may know. It becomes a scheme when a Hasher reads it.
type unread string

func (u unread) encode() string { return string(u) }

// maxStored is more than the readers of this package have use for.
const maxStored = 512

func parseStored(s string) (stored, error) {
	switch {
	case strings.HasPrefix(s, argonPrefix), strings.HasPrefix(s, argonIPrefix):
		return parseArgon(s)
	case strings.HasPrefix(s, "$2"):
		return parseBcrypt(s)
	case s == "" || len(s) > maxStored || s == hidden || strings.ContainsFunc(s, unprintable):
		return nil, errDamaged
	}
	return unread(s), nil
}

// unprintable are all characters but the visible ones of ASCII.
func unprintable(r rune) bool { return r <= ' ' || r > '~' }
