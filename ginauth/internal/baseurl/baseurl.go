// Package baseurl reads the URL under which browsers find an app.
package baseurl

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"

	"github.com/ginauth/ginauth/ginauth/internal/loopback"
)

// Check returns what is wrong with a base URL.
func Check(s string) error {
	u, err := url.Parse(s)
	switch {
	case s == "":
		return errors.New(`set BaseURL to where browsers find the app, such as "https://app.example.com"`)
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.Opaque != "" || strings.HasSuffix(s, "/") || strings.HasSuffix(s, "#"):
		return fmt.Errorf("the BaseURL %q must be a scheme, a host and at most a path, without a slash at its end", s)
	case u.Path != "" && (!strings.HasSuffix(s, u.EscapedPath()) || !IsPath(u.EscapedPath()) || path.Clean(u.Path) != u.Path):
		return fmt.Errorf("the path of the BaseURL %q must be written as browsers send it, such as /auth", s)
	case u.Scheme == "https", u.Scheme == "http" && loopback.Is(u.Hostname()):
		return nil
	}
	return fmt.Errorf("the BaseURL %q must begin with https://, but for localhost", s)
}

// Path returns the path of a valid base URL as browsers send it; empty if there is none.
func Path(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return ""
	}
	return u.EscapedPath()
}

// IsPath is strict, because the path is put into mails, headers and forms without escaping.
func IsPath(s string) bool {
	u, err := url.Parse(s)
	return err == nil && s[0] == '/' && u.EscapedPath() == s && !strings.HasPrefix(s, "//") && !strings.ContainsAny(s, `\`+"\t")
}
