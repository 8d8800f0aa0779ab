// Package origin refuses what another site made a browser send.
package origin

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// NewCheck returns a check that lets unsafe requests from other origins pass only where they are trusted. Origins are
// compared whole, and one without TLS cannot be trusted by a site with it (SEC-86, CVE-2025-47909), unless insecure
// says that the site has none.
func NewCheck(trusted []string, insecure bool) (*http.CrossOriginProtection, error) {
	check := http.NewCrossOriginProtection()
	for _, one := range trusted {
		if err := check.AddTrustedOrigin(one); err != nil {
			return nil, fmt.Errorf("the trusted origin %q must be scheme://host[:port]: %w", one, err)
		}
		site, err := url.Parse(one)
		switch {
		case err != nil || site.Scheme != "https" && (site.Scheme != "http" || !insecure):
			return nil, fmt.Errorf("the trusted origin %q must start with https://", one)
		case strings.Contains(site.Host, "*"):
			return nil, fmt.Errorf("the trusted origin %q has a *, which matches nothing: name each origin", one)
		}
	}
	return check, nil
}
