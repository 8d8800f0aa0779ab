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

// Realm is what a challenge has to name (RFC 6750, 3; RFC 7617, 2).
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

// Bearer says whether it is a bearer token in Authorization.
func (s Scheme) Bearer() bool { return s.Type == "oauth2" || strings.EqualFold(s.HTTP, "bearer") }

// Ambient says whether a request may carry the credential without the client's meaning to (SEC-182).
func (s Scheme) Ambient() bool {
	bearer := s.Type != "apiKey" && s.Bearer()
	return !bearer && !s.SentOnPurpose
}

// sentByBrowsers knows what browsers add to requests of their own accord (RFC 7617, 7616, 4559, 8120).
func (s Scheme) sentByBrowsers() bool {
	known := []string{"basic", "digest", "negotiate", "ntlm", "mutual"}
	return s.Cookie() || s.Type == "http" && slices.Contains(known, strings.ToLower(s.HTTP))
}

// Cookie says whether it is a cookie.
func (s Scheme) Cookie() bool { return s.Type == "apiKey" && s.In == "cookie" }

// Challenge is the scheme's value of WWW-Authenticate (RFC 9110, 11.6.1).
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

// Header is the request header that the credentials come in.
func (s Scheme) Header() string {
	switch {
	case s.Cookie():
		return "Cookie"
	case s.Type == "apiKey":
		return http.CanonicalHeaderKey(s.Parameter)
	}
	return "Authorization"
}

// Shadows is empty where a backend of this Scheme may stand before one of the other.
func (s Scheme) Shadows(later Scheme) string {
	switch {
	case s.Cookie() && !later.Cookie():
		return fmt.Sprintf("the backend %s stands before %s: a browser's old cookie is refused then, whatever else the request carries: put %s last", s.Name, later.Name, s.Name)
	case s.carrier() == later.carrier() && (s.Prefix == "" || strings.HasPrefix(later.Prefix, s.Prefix)):
		return fmt.Sprintf("the backend %s stands before %s and takes all that %s reads, so that its credentials are refused: put the one whose Scheme has a Prefix first, or have one read another header or cookie", s.Name, later.Name, later.Name)
	}
	return ""
}

// carrier is where a request has the credentials, and which kind of them it reads there.
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
