// Package oldlogin reads the old logins that ginauth.Options.AcceptOnce exchanges.
package oldlogin

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/ginauth/ginauth/ginauth/bridge"
	"github.com/ginauth/ginauth/ginauth/codec"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/bearer"
	"github.com/ginauth/ginauth/ginauth/internal/otherstore"
)

// Grace is how long requests that were sent together with the exchanged one may read. SEC-66 allows
// 30 s.
const Grace = 10 * time.Second

// Logins reads the old logins of a bridge.
type Logins struct {
	*bridge.Bridge
	keeper driver.SessionExchanger
	log    *slog.Logger
	over   sync.Once
}

// New returns the Logins of a valid bridge. Keeper is the store of sessions that exchanges them.
func New(b *bridge.Bridge, keeper driver.SessionExchanger, log *slog.Logger) *Logins {
	l := &Logins{Bridge: b, keeper: keeper, log: log}
	l.isOver()
	return l
}

// Login is a valid old login. Only the store knows whether it was already exchanged.
type Login struct {
	User     driver.UserID
	Remember bool
	Digest   driver.Digest

	values json.RawMessage
	of     *Logins
}

// isOver says whether the deadline has passed, and then logs once that the bridge can be removed.
func (l *Logins) isOver() bool {
	if time.Now().Before(l.Until) { //nolint:forbidigo // the store's clock decides, and this saves asking it
		return false
	}
	l.over.Do(func() {
		l.log.Warn("ginauth: old logins are not accepted any more: remove Options.AcceptOnce", "until", l.Until)
	})
	return true
}

// Read returns the old login of a request, if there is one. It ignores requests that open a
// WebSocket: the cookie of the answer would be lost, and the login with it.
func (l *Logins) Read(r *http.Request) (login Login, found bool, err error) {
	if !l.sent(r) || r.Header.Get("Upgrade") != "" || l.isOver() {
		return login, false, nil
	}
	read := l.readToken
	if l.Store != nil {
		read = l.readSession
	}
	old, name, err := read(r)
	if errors.Is(err, driver.ErrUnavailable) {
		return login, false, err
	}
	if err != nil {
		l.log.InfoContext(r.Context(), "ginauth: an old login is no good", "error", err)
		return login, false, nil
	}
	login = Login{User: old.User, Remember: old.Remember, Digest: sha256.Sum256([]byte("ginauth old login\x00" + cmp.Or(old.ID, name))), of: l}
	login.values, err = encode(old.Values)
	return login, old.User != "", err
}

// sent says whether a request has an old login. It ignores two cookies, because one of them was
// planted.
func (l *Logins) sent(r *http.Request) bool {
	if l.Cookie != "" {
		return len(r.CookiesNamed(l.Cookie)) == 1
	}
	site := r.Header.Get("Sec-Fetch-Site")
	return r.Header.Get("Authorization") != "" && (site == "" || site == "same-origin")
}

func (l *Logins) readSession(r *http.Request) (login bridge.Login, name string, err error) {
	session, err := otherstore.Read(l.Store, r, l.Cookie)
	if err != nil {
		return login, "", err
	}
	if session.ID != "" {
		return l.Session(session.Values), session.ID, nil
	}
	// The last digit of base64 may have several forms with the same meaning.
	value := r.CookiesNamed(l.Cookie)[0].Value
	if decoded, err := base64.URLEncoding.DecodeString(value); err == nil {
		value = string(decoded)
	}
	return l.Session(session.Values), value, nil
}

func (l *Logins) readToken(r *http.Request) (login bridge.Login, name string, err error) {
	token, _ := bearer.Token(r.Header.Get("Authorization"))
	if l.Cookie != "" {
		token = r.CookiesNamed(l.Cookie)[0].Value
	}
	if token == "" {
		return login, "", nil
	}
	login, err = l.Token(r.Context(), token)
	if strings.Count(token, ".") == 2 { // a signature may have several forms too
		token = token[:strings.LastIndexByte(token, '.')]
	}
	return login, token, err
}

// Exchange returns the store's parameters for exchanging the login.
func (login Login) Exchange(n driver.NewSession) (driver.Exchange, error) {
	var carried, own map[string]json.RawMessage
	err := json.Unmarshal(login.values, &carried)
	if err == nil && len(n.Data) > 0 {
		err = json.Unmarshal(n.Data, &own)
	}
	if err != nil {
		return driver.Exchange{}, err
	}
	maps.Copy(carried, own)
	n.Data, err = json.Marshal(carried)
	return driver.Exchange{Old: login.Digest, Until: login.of.Until, Grace: Grace, Session: n}, err
}

// Keeper exchanges the logins.
func (l *Logins) Keeper() driver.SessionExchanger { return l.keeper }

// Clear makes the browser forget the old cookie, unless LeaveCookie is set.
func (l *Logins) Clear(h http.Header, r *http.Request) {
	if l.LeaveCookie || l.Cookie == "" || len(r.CookiesNamed(l.Cookie)) == 0 {
		return
	}
	c := http.Cookie{Name: l.Cookie, Path: cmp.Or(l.Path, "/"), Domain: l.Domain, MaxAge: -1, Secure: strings.HasPrefix(l.Cookie, "__"), HttpOnly: true, SameSite: http.SameSiteLaxMode} //nolint:gosec // it is empty
	h.Add("Set-Cookie", c.String())
}

// encode returns values in the form of Session.Data.
func encode(values map[string]any) (json.RawMessage, error) {
	object := map[string]json.RawMessage{}
	for name, value := range values {
		key, err := codec.Key(name)
		if err == nil {
			object[key], err = codec.Encode(value)
		}
		if err != nil {
			return nil, fmt.Errorf("carrying %q over from an old login: %w", name, err)
		}
	}
	return json.Marshal(object)
}
