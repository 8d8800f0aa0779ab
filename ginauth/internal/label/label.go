// Package label says which texts may be names that people give to themselves or to their keys.
package label

import (
	"unicode"
	"unicode/utf8"
)

// Fit says whether people can see a name as it is: it has something visible, and nothing that
// breaks lines or changes the direction of the text after it (Unicode TR36, 3.2).
func Fit(name string) bool {
	visible := false
	for _, r := range name {
		if r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, directions) {
			return false
		}
		visible = visible || isVisible(r)
	}
	return visible
}

// directions are embeddings, overrides and isolates, and the deprecated controls after them. They
// do not include the marks of direction, which names in some scripts need.
var directions = &unicode.RangeTable{R16: []unicode.Range16{{Lo: 0x202a, Hi: 0x202e, Stride: 1}, {Lo: 0x2066, Hi: 0x206f, Stride: 1}}}

// blanks are letters and symbols that are invisible, although Unicode does not list them as such.
var blanks = &unicode.RangeTable{
	R16: []unicode.Range16{{Lo: 0x2800, Hi: 0x2800, Stride: 1}},   // braille without dots
	R32: []unicode.Range32{{Lo: 0x1d159, Hi: 0x1d159, Stride: 1}}, // a note without a head
}

// isVisible is false for combining marks too, which are visible only on another character.
func isVisible(r rune) bool {
	return unicode.In(r, unicode.L, unicode.N, unicode.P, unicode.S) && !unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, blanks)
}
