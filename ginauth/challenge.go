package ginauth

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
)

// realm is what a challenge has to name (RFC 6750, 3; RFC 7617, 2).
const realm = `realm="api"`

func (s Scheme) validate() error {
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

func (s Scheme) bearer() bool { return s.Type == "oauth2" || strings.EqualFold(s.HTTP, "bearer") }

// ambient says whether a request may carry the credential without the client's meaning to (SEC-182).
func (s Scheme) ambient() bool {
	bearer := s.Type != "apiKey" && s.bearer()
	return !bearer && !s.SentOnPurpose
}

// sentByBrowsers knows what browsers add to requests of their own accord (RFC 7617, 7616, 4559, 8120).
func (s Scheme) sentByBrowsers() bool {
	known := []string{"basic", "digest", "negotiate", "ntlm", "mutual"}
	return s.cookie() || s.Type == "http" && slices.Contains(known, strings.ToLower(s.HTTP))
}

func (s Scheme) cookie() bool { return s.Type == "apiKey" && s.In == "cookie" }

// challenge is the scheme's value of WWW-Authenticate (RFC 9110, 11.6.1).
func (s Scheme) challenge() string {
	switch {
	case s.bearer():
		return "Bearer " + realm
	case s.Type == "http":
		return strings.ToUpper(s.HTTP[:1]) + s.HTTP[1:] + " " + realm
	case s.cookie():
		return `Cookie cookie-name="` + s.Parameter + `"`
	}
	return `ApiKey name="` + s.Parameter + `"`
}

// header is the request header that the credentials come in.
func (s Scheme) header() string {
	switch {
	case s.cookie():
		return "Cookie"
	case s.Type == "apiKey":
		return http.CanonicalHeaderKey(s.Parameter)
	}
	return "Authorization"
}

// add appends a backend, with what answers say about it.
func (m *mount) add(p provider) {
	m.providers = append(m.providers, p)
	if challenge := p.scheme.challenge(); !slices.Contains(m.challenges, challenge) {
		m.challenges = append(m.challenges, challenge)
	}
	if header := p.scheme.header(); !slices.Contains(m.varies, header) {
		m.varies = append(m.varies, header)
	}
	m.ambient = m.ambient || p.scheme.ambient()
}

// challenged are the challenges of a 401. A bearer token that was refused is named as such (RFC
// 6750, 3.1).
func (m *mount) challenged(refusedBy int32) []string {
	if refusedBy == 0 || !m.providers[refusedBy-1].scheme.bearer() {
		return m.challenges
	}
	refused := m.providers[refusedBy-1].scheme.challenge()
	list := slices.Clone(m.challenges)
	for i := range list {
		if list[i] == refused {
			list[i] += `, error="invalid_token"`
		}
	}
	return list
}

// refuser is the provider that refused the request's credentials, counted from one; zero is none.
func refuser(c *gin.Context) int32 {
	if st := attached(c); st != nil {
		return st.refusedBy.Load()
	}
	return 0
}
