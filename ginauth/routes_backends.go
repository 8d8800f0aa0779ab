package ginauth

import (
	"fmt"
	"strings"
)

// backends finds orders of Authenticate in which one backend keeps another from being asked.
func (a audit) backends() (faults []string) {
	seen := map[*mount]bool{}
	for _, r := range a.routes {
		for _, session := range r.sessions {
			if seen[session.mount] {
				continue
			}
			seen[session.mount] = true
			providers := session.mount.providers
			for i := range providers {
				for _, later := range providers[i+1:] {
					if reason := providers[i].scheme.shadows(later.scheme); reason != "" {
						faults = append(faults, reason)
					}
				}
			}
		}
	}
	return faults
}

// shadows is empty where a backend of this Scheme may stand before one of the other.
func (s Scheme) shadows(later Scheme) string {
	switch {
	case s.cookie() && !later.cookie():
		return fmt.Sprintf("the backend %s stands before %s: a browser's old cookie is refused then, whatever else the request carries: put %s last", s.Name, later.Name, s.Name)
	case s.carrier() == later.carrier() && (s.Prefix == "" || strings.HasPrefix(later.Prefix, s.Prefix)):
		return fmt.Sprintf("the backend %s stands before %s and takes all that %s reads, so that its credentials are refused: put the one whose Scheme has a Prefix first, or have one read another header or cookie", s.Name, later.Name, later.Name)
	}
	return ""
}

// carrier is where a request has the credentials, and which kind of them it reads there.
func (s Scheme) carrier() string {
	switch {
	case s.cookie():
		return "cookie " + s.Parameter
	case s.Type == "apiKey":
		return s.header()
	case s.bearer():
		return "Authorization bearer"
	}
	return "Authorization " + strings.ToLower(s.HTTP)
}
