package route

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Scheme has the fields of ginauth.Scheme.
type Scheme struct {
	Name, Description    string
	Type                 string
	In, Parameter        string
	HTTP, BearerFormat   string
	TokenURL, RefreshURL string
	Scopes               map[string]string
	Prefix               string
	SentOnPurpose        bool
	Scoped               bool
}

// Realm is the realm that a challenge must name (RFC 6750, 3; RFC 7617, 2).
const Realm = `realm="api"`

// Validate returns what a Scheme lacks.
func (s Scheme) Validate() error {
	switch {
	case s.Name == "" || strings.Trim(s.Name, schemeNameCharacters) != "":
		return errors.New("needs a Name of letters, digits, dots, dashes and underscores")
	case s.Type == "apiKey" && (s.In != "header" && s.In != "cookie" || s.Parameter == ""):
		return errors.New("has the type apiKey: set In to header or cookie, and Parameter to the name there; secrets in URLs end up in logs")
	case s.Type == "http" && s.HTTP == "":
		return errors.New("has the type http: set HTTP to the authentication scheme, such as bearer")
	case s.Type == "oauth2" && s.TokenURL == "":
		return errors.New("has the type oauth2: set TokenURL")
	case s.SentOnPurpose && s.sentByBrowsers():
		return errors.New("sets SentOnPurpose, but browsers send such credentials by themselves: leave it false")
	case s.Type != "apiKey" && s.Type != "http" && s.Type != "oauth2":
		return errors.New("needs a Type: apiKey, http or oauth2")
	}
	return nil
}

const schemeNameCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

// Bearer says whether the credential is a bearer token in Authorization.
func (s Scheme) Bearer() bool { return s.Type == "oauth2" || strings.EqualFold(s.HTTP, "bearer") }

// Ambient says whether browsers may send the credential automatically (SEC-182).
func (s Scheme) Ambient() bool {
	bearer := s.Type != "apiKey" && s.Bearer()
	return !bearer && !s.SentOnPurpose
}

// sentByBrowsers says whether browsers add such credentials to requests themselves (RFC 7617, 7616,
// 4559, 8120).
func (s Scheme) sentByBrowsers() bool {
	known := []string{"basic", "digest", "negotiate", "ntlm", "mutual"}
	return s.Cookie() || s.Type == "http" && slices.Contains(known, strings.ToLower(s.HTTP))
}

// Cookie says whether the credential is a cookie.
func (s Scheme) Cookie() bool { return s.Type == "apiKey" && s.In == "cookie" }

// Challenge returns the scheme's value of WWW-Authenticate (RFC 9110, 11.6.1).
func (s Scheme) Challenge() string {
	switch {
	case s.Bearer():
		return "Bearer " + Realm
	case s.Type == "http":
		return strings.ToUpper(s.HTTP[:1]) + s.HTTP[1:] + " " + Realm
	case s.Cookie():
		return `Cookie cookie-name="` + s.Parameter + `"`
	}
	return `ApiKey name="` + s.Parameter + `"`
}

// Header returns the request header that has the credentials.
func (s Scheme) Header() string {
	switch {
	case s.Cookie():
		return "Cookie"
	case s.Type == "apiKey":
		return http.CanonicalHeaderKey(s.Parameter)
	}
	return "Authorization"
}

// Shadows is empty if a backend of this Scheme may stand before one of the later Scheme.
func (s Scheme) Shadows(later Scheme) string {
	switch {
	case s.Cookie() && !later.Cookie():
		return fmt.Sprintf("the backend %s stands before %s: a browser's old cookie is refused then, whatever else the request carries: put %s last", s.Name, later.Name, s.Name)
	case s.carrier() == later.carrier() && (s.Prefix == "" || strings.HasPrefix(later.Prefix, s.Prefix)):
		return fmt.Sprintf("the backend %s stands before %s and takes all that %s reads, so that its credentials are refused: put the one whose Scheme has a Prefix first, or have one read another header or cookie", s.Name, later.Name, later.Name)
	}
	return ""
}

// carrier returns the place of the credentials in a request, and which kind of them is read there.
func (s Scheme) carrier() string {
	switch {
	case s.Cookie():
		return "cookie " + s.Parameter
	case s.Type == "apiKey":
		return s.Header()
	case s.Bearer():
		return "Authorization bearer"
	}
	return "Authorization " + strings.ToLower(s.HTTP)
}
