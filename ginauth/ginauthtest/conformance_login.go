package ginauthtest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// isLogin says whether a route takes passwords: ginauth.Login, or one of the app's own by its path.
func (e *examiner[U]) isLogin(r *route) bool {
	return r.method == http.MethodPost && (strings.HasPrefix(r.operation, "login") ||
		r.operation == "" && !r.protected && endsWith(r.template, "login", "log-in", "signin", "sign-in"))
}

// credentials are what a user types.
func (e *examiner[U]) credentials(u U, password string) map[string]any {
	account := e.app.config.Account(u)
	typed := map[string]any{"password": password}
	if e.app.config.Options().Identifier == driver.EmailIdentifier || account.Username == "" {
		typed["email"] = account.Identifier
	} else {
		typed["username"] = account.Username
	}
	return typed
}

// logIn sends JSON, and a form to a handler that takes no JSON.
func (e *examiner[U]) logIn(c *Client[U], r *route, u U, password string) *Response {
	e.tb.Helper()
	typed := e.credentials(u, password)
	w := e.send(c, e.requestTo(c, r.method, r.path, typed))
	if w.Code == http.StatusBadRequest || w.Code == http.StatusUnsupportedMediaType || w.Code == http.StatusUnprocessableEntity {
		w = e.send(c, e.form(c, r.path, typed, ""))
	}
	return w
}

// form is a request of an HTML form. The query is that of its URL.
func (e *examiner[U]) form(c *Client[U], path string, fields map[string]any, query string) *http.Request {
	values := url.Values{}
	for name, v := range fields {
		if text, ok := v.(string); ok {
			values.Set(name, text)
		}
	}
	q := httptest.NewRequestWithContext(e.context(), http.MethodPost, c.base.Scheme+"://"+c.base.Host+path+query, strings.NewReader(values.Encode()))
	q.RequestURI = path + query
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	q.Header.Set("Accept", html)
	return q
}

// logins are the routes by which a new user can log in with a password and get a session.
func (e *examiner[U]) logins() (found []*route, skipped string) {
	if !e.sessions() {
		return nil, noSessions
	}
	if e.app.config.Options().Users == nil {
		return nil, "the app's users are elsewhere, and may have no passwords"
	}
	for _, r := range e.to(e.isLogin) {
		c := e.app.Anonymous()
		if w := e.logIn(c, r, e.app.Create(e.zero()), Password); w.Code < http.StatusBadRequest && (w.Cookie(e.app.SessionCookie()) != nil || e.alive(c)) {
			found = append(found, r)
		}
	}
	if len(found) == 0 {
		return nil, "the app has no route at which a user logs in with a password, or it takes other fields than email, username and password"
	}
	return found, ""
}

func (e *examiner[U]) fixation() string {
	routes, skipped := e.logins()
	for _, r := range routes {
		u := e.app.Create(e.zero())
		planted := driver.NewToken().Reveal()
		e.logIn(e.with(planted), r, u, Password)
		if e.alive(e.with(planted)) {
			e.found("%s makes the token good that the browser had before", r)
			continue
		}
		first := e.app.Anonymous()
		before := e.tokenOf(e.logIn(first, r, u, Password))
		after := e.tokenOf(e.logIn(e.with(before), r, u, Password))
		if after == before || after == "" {
			e.found("%s keeps the token of the login before", r)
		} else if e.alive(e.with(before)) {
			e.found("%s leaves the token of the login before good", r)
		}
	}
	return skipped
}

func (e *examiner[U]) tokenOf(w *Response) string {
	if k := w.Cookie(e.app.SessionCookie()); k != nil {
		return k.Value
	}
	return ""
}

// mailing are ginauth's operations that send a mail to an address, and must not tell whether it has
// an account.
var mailing = []string{"forgotPassword", "sendMagicLink", "resendVerification"}

func (e *examiner[U]) enumeration() string {
	logins, skipped := e.logins()
	mails := e.to(func(r *route) bool { return slices.Contains(mailing, r.operation) })
	if e.app.config.Options().Users == nil || len(logins)+len(mails) == 0 {
		return skipped
	}
	u := e.app.Create(e.zero())
	for _, r := range logins {
		known := e.credentials(u, "this is not the password")
		e.alike(r, known, unknown(known))
	}
	if address := e.app.config.Account(u).Identifier; strings.Contains(address, "@") {
		for _, r := range mails {
			known := map[string]any{"email": address}
			e.alike(r, known, unknown(known))
		}
	}
	return ""
}

// unknown changes what a user has typed to what nobody has, of the same length.
func unknown(typed map[string]any) map[string]any {
	changed := map[string]any{}
	for field, v := range typed {
		if text, ok := v.(string); ok && field != "password" {
			v = "zz" + text[2:]
		}
		changed[field] = v
	}
	return changed
}

// alike compares the answers to a known and to an unknown identifier.
func (e *examiner[U]) alike(r *route, known, unknown map[string]any) {
	for _, send := range []func(map[string]any) *Response{
		func(typed map[string]any) *Response {
			c := e.app.Anonymous()
			return e.send(c, e.requestTo(c, r.method, r.path, typed))
		},
		func(typed map[string]any) *Response {
			c := e.app.Anonymous()
			return e.send(c, e.form(c, r.path, typed, ""))
		},
	} {
		first, second := send(known), send(unknown)
		a, b := seenAs(first, known), seenAs(second, unknown)
		leaveOutWhatVaries(seenAs(send(known), known), a, b)
		if what := difference(a, b); what != "" {
			e.found("%s answers another %s for an unknown user: %d and %d", r, what, first.Code, second.Code)
			return
		}
	}
}

var requestID = regexp.MustCompile(`"request_id":"[^"]*"`)

// seenAs removes from an answer what the request itself has brought, and what differs each time.
func seenAs(w *Response, typed map[string]any) *Response {
	seen := &Response{Code: w.Code, Header: w.Header.Clone(), Body: requestID.ReplaceAllString(w.Body, "")}
	for _, header := range []string{"Date", "X-Request-Id", "Set-Cookie"} {
		seen.Header.Del(header)
	}
	for _, k := range (&http.Response{Header: w.Header}).Cookies() {
		seen.Header.Add("Set-Cookie", k.Name)
	}
	for _, v := range typed {
		if text, ok := v.(string); ok && text != "" {
			for _, form := range []string{text, url.QueryEscape(text), strings.ReplaceAll(text, "+", "&#43;")} {
				seen.Body = strings.ReplaceAll(seen.Body, form, "…")
			}
		}
	}
	return seen
}

// leaveOutWhatVaries removes from two answers what a third to the same request as the first has
// otherwise, such as a token against forged requests in a form.
func leaveOutWhatVaries(again, a, b *Response) {
	if again.Body != a.Body {
		a.Body, b.Body = "", ""
	}
	for header := range a.Header {
		if !slices.Equal(again.Header[header], a.Header[header]) {
			a.Header.Del(header)
			b.Header.Del(header)
		}
	}
}

func difference(a, b *Response) string {
	headers := func(w *Response) string {
		encoded, _ := json.Marshal(w.Header)
		return string(encoded)
	}
	switch {
	case a.Code != b.Code:
		return "status"
	case a.Body != b.Body:
		return "body"
	case headers(a) != headers(b):
		return "header"
	}
	return ""
}

// targets are the parameters in which apps keep where to go on, and elsewhere are hosts that a
// browser would go to.
var (
	targets = []string{
		"next", "redirect", "redirect_to", "redirect_uri", "redirect_url", "return", "return_to", "return_url", "returnTo", "returnUrl",
		"url", "to", "goto", "continue", "dest", "destination", "target", "callback", "back", "forward",
	}
	outside = []string{"https://evil.example/", "//evil.example/", `/\evil.example/`, `\\evil.example/`, "https:evil.example/", "/\t/evil.example/", "///evil.example/"}
)

func (e *examiner[U]) redirects() string {
	logins, _ := e.logins()
	user := e.zero()
	if len(logins) > 0 {
		user = e.app.Create(e.zero())
	}
	for _, r := range e.to(func(*route) bool { return true }) {
		if r.method != http.MethodGet && r.method != http.MethodPost {
			continue
		}
		for _, away := range outside {
			if to := e.leads(r, away, slices.Contains(logins, r), user); to != "" {
				e.found("%s sends a browser to %q for the parameter %q", r, to, away)
				break
			}
		}
	}
	return ""
}

// leads returns where the app sends a browser outside of itself, or "".
func (e *examiner[U]) leads(r *route, away string, login bool, u U) string {
	c := e.app.Anonymous()
	if r.protected && e.sessions() {
		c = e.user()
	}
	query, fields := url.Values{}, map[string]any{}
	if login {
		fields = e.credentials(u, Password)
	}
	for _, name := range targets {
		query.Set(name, away)
		fields[name] = away
	}
	q := e.form(c, r.path, fields, "?"+query.Encode())
	if r.method == http.MethodGet {
		q = e.requestTo(c, r.method, r.path+"?"+query.Encode(), nil)
		q.Header.Set("Accept", html)
	}
	w := e.send(c, q)
	to := w.Header.Get("Location")
	if to == "" || w.Code < 300 || w.Code > 399 {
		return ""
	}
	// Browsers take \ for / and drop tabs and line ends (WHATWG URL).
	read := strings.NewReplacer(`\`, "/", "\t", "", "\n", "", "\r", "").Replace(to)
	for strings.HasPrefix(read, "///") {
		read = read[1:]
	}
	if scheme, rest, found := strings.Cut(read, ":"); found && (scheme == "https" || scheme == "http") {
		read = scheme + "://" + strings.TrimLeft(rest, "/")
	}
	parsed, err := c.base.Parse(read)
	if err != nil || parsed.Host != c.base.Host {
		return to
	}
	return ""
}
