package ginauthtest

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"

	"github.com/ginauth/ginauth/ginauth/driver"
)

const evil = "https://evil.example"

// guarded are the routes that no other site may use: all but those that the app says are for
// everybody.
func guarded(r *route) bool { return !r.safe() && (r.protected || r.ours) }

func (e *examiner[U]) crossSite() string {
	if !e.sessions() {
		return noSessions
	}
	for _, r := range e.to(guarded) {
		for _, header := range []http.Header{
			{"Sec-Fetch-Site": {"cross-site"}, "Origin": {evil}}, {"Sec-Fetch-Site": {"same-site"}, "Origin": {evil}}, {"Origin": {evil}}, {"Origin": {"null"}},
		} {
			if code, let := e.forge(r, header, "application/json"); let {
				r.broken = true
				e.found("%s answers %d to a request of another site", r, code)
				break
			}
		}
	}
	return ""
}

func (e *examiner[U]) simple() string {
	if !e.sessions() {
		return noSessions
	}
	for _, r := range e.to(guarded) {
		for _, content := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"} {
			if code, let := e.forge(r, http.Header{"Sec-Fetch-Site": {"cross-site"}, "Origin": {evil}}, content); let {
				r.broken = true
				e.found("%s answers %d to a request of another site whose Content-Type is %q", r, code, content)
				break
			}
		}
	}
	return ""
}

// forge sends a request of another site, and says whether it was let through.
func (e *examiner[U]) forge(r *route, header http.Header, content string) (code int, let bool) {
	c := e.user()
	q := e.request(c, r)
	for name, values := range header {
		q.Header[name] = values
	}
	if q.Header.Set("Content-Type", content); content == "" {
		q.Header.Del("Content-Type")
	}
	w := e.send(c, q)
	var p struct{ Code string }
	if w.Code == http.StatusForbidden && (json.Unmarshal([]byte(w.Body), &p) == nil && p.Code == "cross_origin") {
		return w.Code, false
	}
	// A page that refuses, or something of the app's own: then the app's own pages may.
	own := e.user()
	return w.Code, w.Code != http.StatusForbidden || e.ask(own, r).Code == http.StatusForbidden
}

// record is what the store has of a user.
type record[U any] struct {
	user U
	hash string
}

func (e *examiner[U]) record(c *Client[U]) (r record[U], err error) {
	if r.user, err = e.app.config.FindUser(e.context(), e.id(c)); err != nil {
		return r, err
	}
	if users := e.app.config.Options().Users; users != nil {
		if _, hash, err := users.FindCredential(e.context(), e.identifier(c.User)); err == nil {
			r.hash = hash.Reveal()
		}
	}
	return r, nil
}

// identifier is the canonical form of what the user logs in with.
func (e *examiner[U]) identifier(u U) (canonical string) {
	typed := e.credentials(u, "")
	if address, ok := typed["email"].(string); ok {
		canonical, _ = driver.CanonicalUnicodeEmail(address)
	} else if name, ok := typed["username"].(string); ok {
		canonical, _ = driver.CanonicalUsername(name)
	}
	return canonical
}

// changed says what has changed of a user.
func (e *examiner[U]) changed(c *Client[U], before record[U]) string {
	after, err := e.record(c)
	switch {
	case err != nil:
		return "ends the account"
	case after.hash != before.hash:
		return "changes the password"
	case !reflect.DeepEqual(after.user, before.user):
		return "changes the account"
	case e.sessions() && !e.alive(c):
		return "ends the session"
	}
	return ""
}

// tables is what is in the app's own tables, of all schemas.
const tables = `SELECT coalesce(md5(string_agg(query_to_xml(format('SELECT * FROM %I.%I', schemaname, tablename), true, false, '')::text, '' ORDER BY schemaname, tablename)), '')
FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema', 'ginauth')`

func (e *examiner[U]) contents() (sum string) {
	if e.app.Pool != nil {
		_ = e.app.Pool.QueryRow(e.context(), tables).Scan(&sum) // a server without XML tells nothing
	}
	return sum
}

func (e *examiner[U]) safeMethods() string {
	for _, r := range e.to((*route).safe) {
		c := e.app.Anonymous()
		c.User = e.owner.User
		if e.sessions() {
			c = e.user()
		}
		before, err := e.record(c)
		if err != nil {
			e.found("finding a user: %v", err)
			return ""
		}
		sum := e.contents()
		q := e.request(c, r)
		q.Header.Set("Accept", html)
		q.Header.Set("Sec-Fetch-Site", "cross-site") // as a link on another site
		e.send(c, q)
		what := e.changed(c, before)
		if what == "" && e.contents() != sum {
			what = "writes to the app's tables"
		}
		if what != "" {
			r.broken = true
			e.found("%s %s", r, what)
		}
	}
	return ""
}

func (e *examiner[U]) caching() string {
	if !e.sessions() {
		return noSessions
	}
	for _, r := range e.to(func(r *route) bool { return r.protected && r.method == http.MethodGet }) {
		if w := e.ask(e.user(), r); w.Code < http.StatusBadRequest && !strings.Contains(w.Header.Get("Cache-Control"), "no-store") {
			e.found("%s answers a user with Cache-Control %q, which lacks no-store", r, w.Header.Get("Cache-Control"))
		}
	}
	return ""
}

func (e *examiner[U]) sharing() string {
	for _, r := range e.to(func(r *route) bool { return r.protected || r.ours }) {
		for _, origin := range []string{evil, "null"} {
			if what := e.shares(r, origin); what != "" {
				e.found("%s %s", r, what)
				break
			}
		}
	}
	return ""
}

// shares says how an origin may read the answer to a request or to its preflight.
func (e *examiner[U]) shares(r *route, origin string) string {
	c := e.app.Anonymous()
	if e.sessions() {
		c = e.user()
	}
	preflight := e.requestTo(c, http.MethodOptions, r.path, nil)
	preflight.Header.Set("Access-Control-Request-Method", r.method)
	preflight.Header.Set("Access-Control-Request-Headers", "content-type")
	for _, q := range []*http.Request{preflight, e.request(c, r)} {
		q.Header.Set("Origin", origin)
		q.Header.Set("Sec-Fetch-Site", "cross-site")
		w := e.send(c, q)
		allowed, credentials := w.Header.Get("Access-Control-Allow-Origin"), w.Header.Get("Access-Control-Allow-Credentials") == "true"
		switch {
		case allowed == origin:
			return "lets " + origin + " read its answers"
		case allowed == "*" && (credentials || r.protected):
			return "lets every origin read its answers"
		case q == preflight && r.protected && w.Code < 300 && w.Body != "":
			return "answers a preflight with a body"
		}
	}
	return ""
}

// cookies reports each name once.
func (e *examiner[U]) cookies(fault func(*http.Cookie) string) string {
	if len(e.set) == 0 {
		return "the app has set no cookie"
	}
	reported := map[string]bool{}
	for _, k := range e.set {
		if what := fault(k); what != "" && !reported[k.Name] {
			reported[k.Name] = true
			e.found("the cookie %s %s", k.Name, what)
		}
	}
	return ""
}

func (e *examiner[U]) secureCookies() string {
	if e.app.config.Options().Cookie.InsecureLocalhost {
		return "Cookie.InsecureLocalhost is set, which is for development"
	}
	return e.cookies(func(k *http.Cookie) string {
		switch {
		case !k.Secure:
			return "is not Secure"
		case !strings.HasPrefix(k.Name, "__Host-") && !strings.HasPrefix(k.Name, "__Secure-"):
			return "has neither the prefix __Host- nor __Secure-"
		case strings.HasPrefix(k.Name, "__Host-") && (k.Path != "/" || k.Domain != ""):
			return "has the prefix __Host-, but a Domain or another Path than /"
		}
		return ""
	})
}

func (e *examiner[U]) sameSiteCookies() string {
	return e.cookies(func(k *http.Cookie) string {
		switch {
		case k.SameSite == http.SameSiteLaxMode || k.SameSite == http.SameSiteStrictMode:
			return ""
		case k.SameSite == http.SameSiteNoneMode && e.app.config.Options().Cookie.SameSite == http.SameSiteNoneMode:
			return ""
		}
		return "has neither SameSite=Lax nor SameSite=Strict"
	})
}

func (e *examiner[U]) httpOnlyCookies() string {
	skipped := e.cookies(func(k *http.Cookie) string {
		if k.Name == e.app.SessionCookie() && !k.HttpOnly {
			return "is not HttpOnly"
		}
		return ""
	})
	if !e.sessions() {
		return skipped
	}
	for _, r := range e.to(func(r *route) bool { return r.protected && r.method == http.MethodGet }) {
		c := e.user()
		token := e.token(c)
		if w := e.ask(c, r); token != "" && strings.Contains(w.Body, token) {
			e.found("%s has the session token in its body", r)
		}
	}
	return skipped
}
