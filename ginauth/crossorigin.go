package ginauth

import (
	"fmt"
	"net/http"
	"strings"
)

// newOriginCheck refuses unsafe cross-origin requests from browsers. Origins are compared
// whole, and one without TLS cannot be trusted by a site with it (CVE-2025-47909).
func newOriginCheck(trusted []string, insecure bool) (*http.CrossOriginProtection, error) {
	check := http.NewCrossOriginProtection()
	for _, origin := range trusted {
		if !insecure && !strings.HasPrefix(origin, "https://") {
			return nil, fmt.Errorf("the trusted origin %q must start with https://", origin)
		}
		if err := check.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("the trusted origin %q must be scheme://host[:port]: %w", origin, err)
		}
	}
	return check, nil
}
