// Package accept reads which kind of answer a client prefers.
package accept

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// preference is how much a client wants a media type, how exactly it named it, and where.
type preference struct {
	quality  float64
	exact    int // 0: not named
	position int
}

// HTML says whether the client prefers text/html to JSON (RFC 9110, 12.5.1). If it wants both
// equally, it prefers the type that it names more exactly, or else the one that it names first. A
// client without a preference gets JSON.
func HTML(h http.Header) bool {
	ranges := split(strings.Join(h.Values("Accept"), ","), ',')
	html := wish(ranges, "text/html")
	json, problem := wish(ranges, "application/json"), wish(ranges, "application/problem+json")
	return html.quality > 0 && html.beats(json) && html.beats(problem)
}

// Navigates is false for requests of a script, an image, a worker and the like, which show no page
// after a redirect (W3C Fetch Metadata). It is true for clients that do not say.
func Navigates(h http.Header) bool {
	modes := h.Values("Sec-Fetch-Mode")
	return len(modes) == 0 || len(modes) == 1 && modes[0] == "navigate"
}

// Names returns what a client lists in a header such as Accept-Language or Accept-Encoding, in
// lower case, the best first, without what it refuses.
func Names(values []string) []string {
	type wanted struct {
		name    string
		quality float64
	}
	var list []wanted
	for _, text := range split(strings.Join(values, ","), ',') {
		parts := split(text, ';')
		name := strings.ToLower(strings.TrimSpace(parts[0]))
		if quality, ok := weight(parts[1:]); ok && quality > 0 && name != "" {
			list = append(list, wanted{name, quality})
		}
	}
	slices.SortStableFunc(list, func(a, b wanted) int { return cmp.Compare(b.quality, a.quality) })
	names := make([]string, len(list))
	for i, w := range list {
		names[i] = w.name
	}
	return names
}

func (p preference) beats(other preference) bool {
	switch {
	case p.quality != other.quality:
		return p.quality > other.quality
	case p.exact != other.exact:
		return p.exact > other.exact
	}
	return p.position < other.position
}

// wish returns the preference of the most exact range that includes the media type.
func wish(ranges []string, media string) (found preference) {
	kind, _, _ := strings.Cut(media, "/")
	for i, text := range ranges {
		parts := split(text, ';')
		exact := 0
		switch name := strings.ToLower(strings.TrimSpace(parts[0])); name {
		case media:
			exact = 3
		case kind + "/*":
			exact = 2
		case "*/*":
			exact = 1
		}
		quality, ok := weight(parts[1:])
		if ok && exact > found.exact {
			found = preference{quality, exact, i}
		}
	}
	return found
}

// weight returns 1 without a weight. An invalid weight makes the range invalid.
func weight(parameters []string) (quality float64, ok bool) {
	for _, parameter := range parameters {
		name, value, _ := strings.Cut(parameter, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "q") {
			continue
		}
		value = strings.TrimSpace(value)
		quality, err := strconv.ParseFloat(value, 64)
		wellFormed := err == nil && len(value) <= len("0.123") && strings.Trim(value, "0123456789.") == ""
		return quality, wellFormed && quality <= 1
	}
	return 1, true
}

// split splits at a separator, but not within quotation marks.
func split(s string, separator byte) (parts []string) {
	quoted, start := false, 0
	for i := 0; i < len(s); i++ {
		switch {
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == separator && !quoted:
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:])
}
