package ginauthtest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// names are the fields in which apps look for the user that a request is about.
var names = []string{
	"id", "user_id", "userId", "user", "uid", "account", "account_id", "accountId", "owner", "owner_id", "ownerId", "member_id", "email", "username",
}

func (e *examiner[U]) actAsOther() string {
	if !e.sessions() {
		return noSessions
	}
	for _, r := range e.to(protected) {
		if r.safe() {
			e.readsOther(r)
		} else {
			e.changesOther(r)
		}
	}
	return ""
}

// readsOther lets somebody else read what is the owner's.
func (e *examiner[U]) readsOther(r *route) {
	ada, eve := e.owner, e.user()
	q := e.request(eve, r)
	query := q.URL.Query()
	e.name(ada, query, q.Header)
	q.URL.RawQuery = query.Encode()
	q.RequestURI = q.URL.RequestURI()
	w := e.send(eve, q)
	address := e.app.config.Account(ada.User).Identifier
	switch {
	case r.sampled && w.Code < 300:
		e.found("%s shows a thing of another user", r)
	case w.Code < 300 && strings.Contains(address, "@") && strings.Contains(w.Body, address):
		e.found("%s shows the address of another user", r)
	}
}

// name says in all ways that the request is about a user.
func (e *examiner[U]) name(u *Client[U], query url.Values, header http.Header) {
	id := string(e.id(u))
	for _, name := range names {
		query.Set(name, e.valueOf(u, name))
	}
	for _, name := range []string{"X-User-Id", "X-User", "X-Account-Id", "X-Forwarded-User", "Remote-User"} {
		header.Set(name, id)
	}
}

func (e *examiner[U]) valueOf(u *Client[U], name string) string {
	account := e.app.config.Account(u.User)
	switch {
	case name == "email" && account.Identifier != "":
		return account.Identifier
	case name == "username" && account.Username != "":
		return account.Username
	}
	return string(account.ID)
}

// changesOther lets somebody else send a request about a user, in every way that handlers may take
// it from: the path, the query, header fields, and each field of the body.
func (e *examiner[U]) changesOther(r *route) {
	ada := e.user()
	session := e.sessionOf(ada)
	before, err := e.record(ada)
	if err != nil {
		e.found("finding a user: %v", err)
		return
	}
	path := r.path
	if !r.sampled {
		path = strings.ReplaceAll(path, url.PathEscape(string(e.id(e.owner))), url.PathEscape(string(e.id(ada))))
		if strings.HasPrefix(r.operation, "revokeSession") {
			path = ginParameter.ReplaceAllString(r.template, url.PathEscape(string(session)))
		}
	}
	bodies := []map[string]any{nil}
	for _, name := range names {
		bodies = append(bodies, map[string]any{name: e.valueOf(ada, name)})
		if number := json.Number(e.id(ada)); isNumber(number) && strings.Contains(strings.ToLower(name), "id") {
			bodies = append(bodies, map[string]any{name: number})
		}
	}
	eve := e.user()
	for _, more := range bodies {
		if !e.alive(eve) { // the request ended it, such as a logout
			eve = e.user()
		}
		body := r.body
		if object := merged(r.body, more); object != nil && more != nil {
			body = object
		}
		q := e.requestTo(eve, r.method, path, body)
		query := q.URL.Query()
		e.name(ada, query, q.Header)
		q.URL.RawQuery = query.Encode()
		q.RequestURI = q.URL.RequestURI()
		w := e.send(eve, q)
		what := e.changed(ada, before)
		if r.sampled && w.Code < 300 {
			what = "succeeds with a thing"
		}
		if what != "" {
			e.found("%s %s of another user", r, what)
			return
		}
	}
}

func isNumber(n json.Number) bool {
	_, err := n.Int64()
	return err == nil
}

// sessionOf returns the public id of a client's session, if the store can list it.
func (e *examiner[U]) sessionOf(c *Client[U]) driver.SessionID {
	if logins, ok := find[driver.Logins](e.app); ok {
		if list, err := logins.UserSessions(e.context(), e.id(c)); err == nil && len(list) > 0 {
			return list[0].ID
		}
	}
	return "none"
}

// noScope is a scope that no route names.
const noScope = "ginauthtest:none"

func (e *examiner[U]) ceiling() string {
	var credentials []*Client[U]
	if e.app.keys != nil {
		credentials = append(credentials, e.app.AsKey(e.zero(), Scopes(noScope)))
	}
	if e.app.tokens != nil {
		credentials = append(credentials, e.app.AsToken(e.zero(), Scopes(noScope), Fresh()))
	}
	if len(credentials) == 0 {
		credentials = e.issued()
	}
	if len(credentials) == 0 {
		return "the app makes no credentials with scopes by Kit.Keys, Kit.Tokens or apikey.Create"
	}
	for _, r := range e.to(func(r *route) bool { return r.protected && !r.anyScope }) {
		for _, c := range credentials {
			if w := e.ask(c, r); !e.refused(w) && w.Code != http.StatusForbidden {
				e.found("%s answers %d to a credential whose only scope is %q", r, w.Code, noScope)
				break
			}
		}
	}
	return ""
}

// issued asks the app itself for a key.
func (e *examiner[U]) issued() (credentials []*Client[U]) {
	if !e.sessions() {
		return nil
	}
	for _, r := range e.to(func(r *route) bool { return strings.HasPrefix(r.operation, "createAPIKey") }) {
		for _, scopes := range [][]string{{noScope}, {}} {
			c := e.user()
			var made struct{ Key string }
			w := e.send(c, e.requestTo(c, r.method, r.path, map[string]any{"name": "test", "scopes": scopes}))
			if w.Code == http.StatusCreated && json.Unmarshal([]byte(w.Body), &made) == nil && made.Key != "" {
				key := e.app.Anonymous()
				key.Header = http.Header{"Authorization": {"Bearer " + made.Key}}
				return append(credentials, key)
			}
		}
	}
	return credentials
}
