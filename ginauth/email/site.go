package email

import (
	"fmt"
	"net"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/baseurl"
)

// site is where browsers find the app of a realm.
type site struct {
	url    string
	path   string // of url
	domain string // of Message-IDs
	name   string // in the texts
	// origins refuses forms from other sites.
	origins *http.CrossOriginProtection
}

// newSite expects a valid base URL.
func (f *Flows[U]) newSite(base string) site {
	u, _ := url.Parse(base)
	s := site{url: base, path: u.EscapedPath(), domain: u.Hostname(), name: f.o.Site, origins: http.NewCrossOriginProtection()}
	if net.ParseIP(s.domain) != nil {
		s.domain = "[" + s.domain + "]"
	}
	if s.name == "" {
		s.name = u.Hostname()
	}
	_ = s.origins.AddTrustedOrigin(u.Scheme + "://" + u.Host)
	for _, o := range f.app.TrustedOrigins {
		_ = s.origins.AddTrustedOrigin(o) // validated
	}
	return s
}

// siteOf returns the site of a realm. An error means that Options.BaseURLOf of the Config failed,
// or returned what is no base URL.
func (f *Flows[U]) siteOf(realm string) (site, error) {
	if f.app.BaseURLOf == nil {
		return f.site, nil
	}
	base, err := f.app.BaseURLOf(realm)
	if err == nil {
		err = baseurl.Check(base)
	}
	if err != nil {
		return site{}, fmt.Errorf("finding the URL of the realm %q: %w", realm, err)
	}
	return f.newSite(base), nil
}

func (f *Flows[U]) siteFor(c *gin.Context) (site, error) {
	return f.siteOf(driver.Realm(c.Request.Context()))
}
