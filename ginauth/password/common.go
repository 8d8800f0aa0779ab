package password

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
	"slices"
	"strings"
	"sync"
)

// blocklist holds common passwords in lower case, one a line, sorted; see
// internal/blocklist for where they are from and LICENSE-blocklist for their licence.
//
//go:embed blocklist.txt.gz
var blocklist []byte

// commonPasswords unpacks the list at its first use: 20,000 entries, about 0.7 MB.
var commonPasswords = sync.OnceValue(func() []string {
	r, err := gzip.NewReader(bytes.NewReader(blocklist))
	if err != nil {
		return nil // a test proves that the embedded file is whole
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
})

// isCommon reports whether guessers try the lower-case password early: it is on the list,
// a sequence, or a repetition of something that is no password by itself.
func isCommon(folded string) bool {
	if isListed(folded) {
		return true
	}
	points := []rune(folded)
	if isSequence(points) {
		return true
	}
	unit := repeatedUnit(points)
	return unit != nil && (len(unit) < floorMinLength || isSequence(unit) || isListed(string(unit)))
}

func isListed(folded string) bool {
	_, found := slices.BinarySearch(commonPasswords(), folded)
	return found
}

// isSequence reports whether all steps from one code point to the next are equal, as
// in 345678901234567 or zyxwvutsrqponml. Digits and ASCII letters wrap around.
func isSequence(points []rune) bool {
	for i := 2; i < len(points); i++ {
		if step(points[i-1], points[i]) != step(points[i-2], points[i-1]) {
			return false
		}
	}
	return true
}

func step(a, b rune) rune {
	switch {
	case inRange(a, b, '0', '9'):
		return (b - a + 10) % 10
	case inRange(a, b, 'a', 'z'):
		return (b - a + 26) % 26
	}
	return b - a
}

func inRange(a, b, low, high rune) bool {
	return low <= a && a <= high && low <= b && b <= high
}

// repeatedUnit returns the shortest beginning of which the whole is a repetition, at
// least two times and the last one perhaps cut short; nil if there is none.
func repeatedUnit(points []rune) []rune {
	for n := 1; n <= len(points)/2; n++ {
		if slices.Equal(points[n:], points[:len(points)-n]) {
			return points[:n]
		}
	}
	return nil
}
