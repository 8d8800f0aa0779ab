// Package origin refuses requests that another site made a browser send.
package origin

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// NewCheck returns a check that refuses unsafe requests from other origins unless they are trusted.
// Origins are compared as a whole. A site with TLS cannot trust an origin without TLS (SEC-86,
// CVE-2025-47909); insecure says that the site has no TLS.
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
