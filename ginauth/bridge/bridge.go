// Package bridge lets users stay logged in when an app moves to ginauth: a session of
// gin-contrib/sessions, or a JSON web token, is exchanged for a session of ginauth at its next
// request. See docs/existing-app.md.
package bridge

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-contrib/sessions"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/pairing"
)

// Bridge says which old logins continue, and until when. Give it to ginauth.Options.AcceptOnce. A
// login is exchanged once: its request gets a session under a new token, and a copy of the old
// cookie becomes invalid. Requests that were sent at the same moment, such as those of one page,
// can read with the new session for ten seconds. If the old login is sent later, the session ends,
// because two parties hold it. Set either Store and Session, or Token. Do not change a Bridge that
// is in use.
type Bridge struct {
	// Until is the deadline. After it no old login is valid, and the log says that the bridge can
	// be removed. Use the time at which the last old session will have expired. Required.
	Until time.Time
	// Cookie is the name of the old cookie, as it was given to sessions.Sessions. With Token it may
	// be empty: the token then comes in the header Authorization, as "Bearer", from pages of the
	// app's own origin.
	Cookie string
	// Path and Domain are those of the old cookie, so that the answer can clear it. Default: "/"
	// and none.
	Path, Domain string
	// Store is the old store of gin-contrib/sessions, with its keys. It is only read.
	Store sessions.Store
	// Session returns the login of a session in Store with these values. The zero Login means that
	// no user is logged in.
	Session func(values map[any]any) Login
	// Token verifies a token and its expiry, and returns its login. An error means that the token
	// is invalid, unless it wraps driver.ErrUnavailable, which answers 503.
	Token func(ctx context.Context, token string) (Login, error)
	// LeaveCookie leaves the old cookie in the browser, so that instances of the app's old version
	// still know the user, while they run beside the new ones or after a rollback. Set
	// Login.Remember too: a browser that forgets the new cookie and keeps the old one looks like a
	// thief. A logout there does not end the session here. Default: false, the cookie is cleared.
	LeaveCookie bool
}

// Login is a login of the old system.
type Login struct {
	// User is the user's ID, as Account returns it.
	User driver.UserID
	// ID identifies the login, such as the "jti" of a token. Default: a hash of the session's id in
	// Store, of the cookie, or of the part of a token that is signed.
	ID string
	// Values are copied to the new session. Package codec must know their types.
	Values map[string]any
	// Remember makes the new session outlive the browser, as ginauth.Remember does.
	Remember bool
}

// Validate returns what is wrong with a Bridge, one sentence for each fault.
func (b *Bridge) Validate() error {
	var faults []error
	fault := func(wrong bool, text string) {
		if wrong {
			faults = append(faults, errors.New(text))
		}
	}
	fault(b.Until.IsZero(), "AcceptOnce.Until is not set: name the time at which the last old login has expired anyway")
	if err := pairing.Made("AcceptOnce.Store", b.Store); err != nil {
		faults = append(faults, err)
	}
	fault((b.Store == nil) == (b.Token == nil), "AcceptOnce takes either sessions or tokens: set Store with Session, or Token")
	fault((b.Store == nil) != (b.Session == nil), "AcceptOnce.Store and AcceptOnce.Session need each other: set both")
	fault(b.Store != nil && b.Cookie == "", "AcceptOnce.Cookie is not set: it is the name that sessions.Sessions was given")
	if b.Cookie != "" {
		err := (&http.Cookie{Name: b.Cookie, Value: "x", Path: b.Path, Domain: b.Domain}).Valid() //nolint:gosec // only its form is looked at
		fault(err != nil, fmt.Sprintf("AcceptOnce cannot clear its cookie: %v", err))
	}
	fault(b.Path != "" && !strings.HasPrefix(b.Path, "/"), "AcceptOnce.Path must begin with a slash")
	return errors.Join(faults...)
}
