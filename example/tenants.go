package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// tenants are the app's customers, each with users of its own. One that is called acme is found at acme.localhost;
// at localhost itself are users of no tenant.
type tenants []string

// readTenants reads names that are separated by commas.
func readTenants(text string) (tenants, error) {
	if text == "" {
		return nil, nil
	}
	name := regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`) // a label of a host name (RFC 1123)
	list := strings.Split(text, ",")
	for _, one := range list {
		if !name.MatchString(one) {
			return nil, errors.New("TENANTS must be names of small letters and digits, separated by commas, such as acme,globex")
		}
	}
	return list, nil
}

// of finds a request's tenant by its host. Clients choose the Host that they send, so only known ones are served.
func (t tenants) of(c *gin.Context) (string, error) {
	host := strings.ToLower(c.Request.Host)
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if host == "localhost" {
		return "", nil
	}
	name, found := strings.CutSuffix(host, ".localhost")
	if !found || !slices.Contains(t, name) {
		return "", fmt.Errorf("%w: TENANTS does not name it", driver.ErrUnknownRealm)
	}
	return name, nil
}

// urlOf returns the function that puts a tenant's name in front of the app's host.
func urlOf(app string) func(realm string) (string, error) {
	return func(realm string) (string, error) {
		u, err := url.Parse(app)
		if err == nil && realm != "" {
			u.Host = realm + "." + u.Host
		}
		return u.String(), err
	}
}
