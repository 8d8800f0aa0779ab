package ginauth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"time"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"
	ut "github.com/go-playground/universal-translator"

	"github.com/ginauth/ginauth/ginauth/bridge"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/baseurl"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
	"github.com/ginauth/ginauth/ginauth/internal/identifier"
	"github.com/ginauth/ginauth/ginauth/internal/origin"
	"github.com/ginauth/ginauth/ginauth/internal/otherstore"
	"github.com/ginauth/ginauth/ginauth/internal/pairing"
	"github.com/ginauth/ginauth/ginauth/internal/proxy"
	"github.com/ginauth/ginauth/ginauth/internal/rule"
	"github.com/ginauth/ginauth/ginauth/internal/throttle"
	"github.com/ginauth/ginauth/ginauth/password"
)

const (
	// Idle and absolute session limits: NIST SP 800-63B AAL2 (1 h) and one day; ASVS 7.3.1, 7.3.2.
	defaultIdleTimeout = time.Hour
	defaultLifetime    = 24 * time.Hour
	defaultTouchEvery  = time.Minute
	// Remembered sessions: NIST SP 800-63B AAL1 asks for a login every 30 days.
	defaultRememberIdleTimeout = 14 * 24 * time.Hour
	defaultRememberLifetime    = 30 * 24 * time.Hour
	// ASVS 7.1.2 asks for a stated number.
	defaultMaxSessions = 50
)

// Options configure an app's accounts and sessions. Only Users is required, or FindUser or
// RetrieveUser in its place. The zero value of every other field is the safe default. U is the
// app's own type of users: a struct, a pointer, a map or any other.
type Options[U any] struct {
	// Users keeps the accounts. It is usually a *store.DB, or a type that embeds one. SignUp and
	// Login need it. An app that has users already, and logs them in with SignIn, sets FindUser or
	// RetrieveUser instead.
	Users driver.Users[U]
	// FindUser returns the user with this ID, for an app that keeps its accounts elsewhere. It
	// returns ErrNoUser if the user is gone. Any other error answers 503 or 500, never "anonymous".
	// ginauth calls it once per request; it must be safe for concurrent use. Keep the sessions in
	// store.NewExternal, which accepts any user, or in another store of gin-contrib/sessions.
	// Default: the method FindUser of Users.
	FindUser func(ctx context.Context, id UserID) (U, error)
	// Account returns the part of a user that ginauth reads. It is not called for a nil pointer,
	// which means "no user". Default: the user's method Account, which store.User and types that
	// embed it have.
	Account func(U) Account
	// Sessions keeps the sessions, in any store of gin-contrib/sessions. Default: Users, if it is a
	// driver.Sessions too. A store that is not a driver.Sessions, such as the cookie or redis
	// store, cannot list or count a user's sessions. Sessions that it cannot end itself are ended
	// only if Users is a driver.Authority, as store.DB is; docs/sessions.md has the table. Give a
	// store on the network its own time-outs. store.NewExternal does not work with users of
	// store.New; store.NewSessions works only with those. Such pairs are refused.
	Sessions sessions.Store
	// RetrieveUser, if set, replaces the lookup of the user: it gets a live session and returns its
	// user. ErrNoUser, or a user without an ID, answers 401 and ends the session. Any other error
	// answers 503 or 500, never "anonymous". It is not called without a session, and must not call
	// CurrentUser. When a value that it reads changes, the session gets a new token; to find out
	// which values it reads, ginauth may call it once more before a session is saved. Unless Users,
	// FindUser or store.NewExternal is used too, only RetrieveUser knows whose a session is, so no
	// store can list a user's sessions, count them or end them all. Default: the user whom SignIn
	// stored.
	RetrieveUser func(*gin.Context, sessions.Session) (U, error)
	// AcceptOnce exchanges logins from before the app used ginauth, in sessions of
	// gin-contrib/sessions or in tokens, for sessions of its own, so that nobody has to log in
	// again. It needs Users or FindUser, and sessions of package store. Default: none.
	AcceptOnce *bridge.Bridge
	// Realm returns the tenant of a request, in an app that serves several: a short name, such as
	// one found by the request's Host, by its path, or by a header that a proxy sets. Each realm
	// has users of its own, who may have the same addresses and usernames as those of another, and
	// whatever one realm gives out, such as a session or a mailed link, is nothing in another. It
	// is called once per request, before everything else, and must be safe for concurrent use.
	// An error that wraps driver.ErrUnknownRealm answers 404; any other answers 503 or 500. Name
	// the hosts that you serve, and refuse all others: clients choose the Host that they send.
	// driver.Realm tells the realm to the app. Default: none, all requests are in the realm "".
	Realm func(*gin.Context) (string, error)
	// NoSessions is for an app without sessions and cookies, which uses Authenticate with backends
	// other than SessionAuth. Users is then needed only by handlers that check passwords. Default:
	// false.
	NoSessions bool

	// Exclude lists the routes that answer without a session, as "/template" or "METHOD /template".
	// Rules are compared with the route's template, not with the URL; GET covers HEAD. A trailing
	// "/*any" covers everything below. Within a mount such as "/files/*path" a rule may also name a
	// path: the cleaned path is compared. NoRoute covers requests that match no route. Login,
	// SignUp, Logout, the routes of mailed links and similar handlers are open without a rule, as
	// long as no handler of the app stands between Session and them. Default: none.
	Exclude []string
	// ExcludeIf excludes the requests of a rule's routes for which the function returns true, where
	// templates are not enough. The function decides by the request alone, such as its Host, and
	// writes no answer. Default: none.
	ExcludeIf map[string]func(*gin.Context) bool
	// Unverified says what users may do before they have proved to own their e-mail address.
	// Default: UnverifiedAllowed, since an app without mails cannot prove addresses.
	Unverified Unverified
	// UnverifiedMay lists the routes that Unverified does not restrict, as rules like those of
	// Exclude. Default: none.
	UnverifiedMay []string
	// TrustedOrigins are other origins that may send unsafe requests, each exactly
	// "https://host[:port]". Default: none, same origin only.
	TrustedOrigins []string
	// TrustedOriginsFor adds trusted origins for single routes, by rules as in Exclude, such as
	// "https://appleid.apple.com" for "POST /auth/apple". Default: none.
	TrustedOriginsFor map[string][]string
	// SkipOriginCheck lists routes, as "METHOD /template", that accept unsafe requests from every
	// origin, including "null", such as a form post that an identity provider makes browsers send.
	// It is safe only if the handler itself proves that its user asked for the request, as with the
	// state parameter of OAuth. CheckRoutes reports these routes until you name them there.
	// Default: none.
	SkipOriginCheck []string
	// TrustedProxies are the networks (CIDR) whose X-Forwarded-For header gives the client's
	// address, for limits and stored events. "unix" means the peers of a unix socket, which have no
	// address. Gin's own SetTrustedProxies affects only its ClientIP. Default: none, the address is
	// the connection's peer.
	TrustedProxies []string

	// Cookie configures the session cookie. Its zero value is the safe one.
	Cookie Cookie
	// IdleTimeout ends a session that was not used for this long. Default: 1 h (NIST SP 800-63B,
	// AAL2).
	IdleTimeout time.Duration
	// Lifetime ends a session this long after its login, whether or not it is used. Default: 24 h.
	Lifetime time.Duration
	// TouchEvery is the minimum time between two writes of a session's last use. It must be shorter
	// than IdleTimeout, which it makes less exact by that much. Default: 1 min, or a sixtieth of
	// IdleTimeout if that is shorter.
	TouchEvery time.Duration

	// RememberIdleTimeout and RememberLifetime replace IdleTimeout and Lifetime in a session that
	// the user wants to keep: by "remember" in Credentials, or by the option Remember. Default: 14
	// and 30 days.
	RememberIdleTimeout, RememberLifetime time.Duration
	// MaxSessions is how many sessions a user may have. One more ends the session that was unused
	// for the longest time. Default: 50 (ASVS 7.1.2). There is no limit if Sessions is not a
	// driver.Sessions, which cannot count, or if only RetrieveUser knows whose a session is.
	MaxSessions int
	// RotationGrace lets requests that were under way while Renew or Reauthenticate replaced the
	// token still read with the old token. If the old token is used after that, the session ends,
	// because two parties hold its tokens. At most 30 s. Default: 0, the old token is invalid at
	// once.
	RotationGrace time.Duration
	// ClearSiteData are the directives of the header Clear-Site-Data at logout: "cache", "cookies"
	// (of all apps on the site), "storage", "executionContexts" or "*". Default: none.
	ClearSiteData []string

	// Limits say how many attempts to log in or sign up are allowed. The zero value is the safe
	// one.
	Limits Limits
	// Limiter counts the attempts. Default: Users or Sessions if one of them is a driver.Limiter,
	// as store.DB and store.Sessions are. Otherwise attempts are counted in the memory of this
	// process, which is of bounded size and knows no browsers.
	Limiter driver.Limiter

	// Passwords hashes and verifies passwords. Default: password.Default, with one memory budget
	// for the whole process.
	Passwords *password.Hasher
	// Policy says which new passwords are good enough. Its zero value needs 15 characters and
	// refuses common passwords.
	Policy password.Policy

	// BaseURL is the URL of the app as browsers see it, such as "https://example.com/app", if a
	// proxy or http.StripPrefix removes a part of the path. Pages and routes are written without
	// that part; redirects, their "next" and mailed links include it. The path of the cookies stays
	// "/". Default: none, the app has its host to itself.
	BaseURL string
	// BaseURLOf returns the BaseURL of a realm, in place of BaseURL, in an app with Realm. Package
	// email needs it. An error delays the mails of the realm. Default: BaseURL.
	BaseURLOf func(realm string) (string, error)
	// Pages are the app's HTML pages. Default: none, every answer is JSON.
	Pages Pages
	// Identifier says what users log in with. Default: the e-mail address. With usernames, a user
	// may have no address; mails then do not reach them, and Unverified, if set, restricts them.
	// Usernames are compared by the rules of RFC 8265, see driver.CanonicalUsername.
	Identifier driver.IdentifierKind
	// ReservedUsernames are names that nobody may choose at sign-up, besides those that could be
	// mistaken for the app or its operators, such as "admin" and "support". Default: none.
	ReservedUsernames []string
	// UnicodeEmails accepts e-mail addresses outside ASCII, such as jürgen@bücher.example, see
	// driver.CanonicalUnicodeEmail. The mail server must offer SMTPUTF8 (RFC 6531), and addresses
	// that look alike can be one account. Default: false, ASCII only; domains may have their ASCII
	// form, which browsers send.
	UnicodeEmails bool

	// View returns the form of a user that clients get. Default: the user by its json tags.
	View func(U) any
	// Render writes a problem in the app's own format, such as an HTML page. Headers are already
	// set. If it writes nothing, the problem is sent as JSON. Default: JSON.
	Render func(*gin.Context, *Problem)
	// Translator returns the language in which to describe broken rules of binding tags: one of the
	// validator's translations or of the app's own. Register them with the engine of Gin's
	// binding.Validator. It may return nil. Default: English.
	Translator func(*gin.Context) ut.Translator
	// Logger gets the security events and the causes of 5xx answers. Default: slog.Default.
	Logger *slog.Logger
	// Observer gets measurements, such as for metrics: logins, session checks, hashing, refusals and
	// mails. Give it to the store too, see store.WithObserver. Default: none, nothing is measured.
	Observer driver.Observer
}

// Pages are paths of the app's own HTML pages. A client that prefers text/html is redirected there
// instead of getting JSON. With an empty path it gets JSON.
type Pages struct {
	// Login shows the login form. A GET that needs a session is redirected there, with the wanted
	// path in the query parameter "next". The page must be open: a protected login page answers
	// 401.
	Login string
	// AfterLogin is shown after a login or sign-up without a valid "next".
	AfterLogin string
	// AfterLogout is shown after a logout.
	AfterLogout string
	// ChangePassword shows the form of account.ChangePassword. A user who must change the password
	// is sent there from every other page, and may see it.
	ChangePassword string
}

// made returns what is wrong with values that no constructor has made. The methods of such a value
// panic, so New asks first.
func (o Options[U]) made() error {
	var nobody error
	if o.Observer != nil && pairing.IsNil(o.Observer) {
		nobody = fmt.Errorf("the Observer is a nil %T: leave it out to measure nothing", o.Observer)
	}
	return errors.Join(nobody,
		pairing.Made("Users", o.Users), pairing.Made("Sessions", o.Sessions), pairing.Made("Limiter", o.Limiter),
		unmade("Passwords", o.Passwords), unmade("Logger", o.Logger),
	)
}

// unmade is pairing.Made for a pointer whose nil stands for the default.
func unmade[T any](option string, v *T) error {
	if v == nil {
		return nil
	}
	return pairing.Made(option, v)
}

// withDefaults returns a copy in which every empty field has its default.
func (o Options[U]) withDefaults() Options[U] {
	if o.Sessions == nil {
		if store, ok := o.Users.(sessions.Store); ok {
			o.Sessions = store
		}
	}
	if o.IdleTimeout == 0 {
		o.IdleTimeout = defaultIdleTimeout
	}
	if o.Lifetime == 0 {
		o.Lifetime = defaultLifetime
	}
	if o.TouchEvery == 0 {
		o.TouchEvery = min(defaultTouchEvery, o.IdleTimeout/60)
	}
	if o.RememberIdleTimeout == 0 {
		o.RememberIdleTimeout = defaultRememberIdleTimeout
	}
	if o.RememberLifetime == 0 {
		o.RememberLifetime = defaultRememberLifetime
	}
	if _, counts := o.sessionStore(); counts && o.knowsOwner() && o.MaxSessions == 0 {
		o.MaxSessions = defaultMaxSessions
	}
	if o.Limiter == nil {
		o.Limiter = o.limiter()
	}
	o.Limits = o.Limits.withDefaults()
	if o.Passwords == nil {
		o.Passwords = password.Default()
	}
	if o.View == nil {
		o.View = func(u U) any { return u }
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	o.Cookie = o.Cookie.withDefaults()
	return o
}

// validate returns what is wrong with options after withDefaults, one sentence for each fault.
func (o Options[U]) validate() error {
	var faults []error
	fault := func(wrong bool, format string, args ...any) {
		if wrong {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	withSessions := !o.NoSessions
	fault(o.Account == nil && !tells[U](), "the type %s has no method Account() ginauth.Account: add it, or set Account to a function that tells a user's ID and address", reflect.TypeFor[U]())
	fault(withSessions && o.Users == nil && o.RetrieveUser == nil && o.FindUser == nil, "set Users (such as store.New[store.User](pool)); or FindUser where the accounts are kept elsewhere; or RetrieveUser; or NoSessions for an API without sessions")
	fault(o.Users != nil && o.FindUser != nil, "FindUser is for accounts that Users does not keep: leave one of them out")
	for name, s := range map[string]any{"Users": o.Users, "Sessions": o.Sessions} {
		fault(s != nil && !reflect.ValueOf(s).Comparable(), "%s is a %T, which cannot be compared: give a pointer to it", name, s)
	}
	own, ok := o.sessionStore()
	fault(withSessions && !ok && o.Sessions == nil, "set Sessions (such as store.NewSessions(pool)), or a Users store that is a driver.Sessions too; or NoSessions for an API without sessions")
	if withSessions && o.Users != nil {
		err := cmp.Or(pairing.Check(own, o.Users), pairing.Check(o.Users, o.Users)) // a Users may embed only a store of sessions
		fault(err != nil, "Users and Sessions do not fit together: %w", err)
	}
	if withSessions && o.FindUser != nil && o.RetrieveUser == nil && ok {
		err := pairing.Check(own, elsewhere{})
		fault(err != nil, "FindUser and Sessions do not fit together: keep the sessions with store.NewExternal(pool), which takes any user: %w", err)
	}
	if withSessions && !ok && o.Sessions != nil {
		err := otherstore.Check(o.Sessions)
		fault(err != nil, "%w", err)
	}
	if o.Realm != nil {
		err := errors.Join(keepsRealms("Users", o.Users), keepsRealms("Sessions", own))
		fault(err != nil, "%w", err)
	}
	fault(o.Realm != nil && o.AcceptOnce != nil, "AcceptOnce cannot tell of which realm a login from before is: leave AcceptOnce or Realm out")
	for _, err := range o.checkAcceptOnce() {
		fault(true, "%w", err)
	}
	fault(o.RotationGrace > 0 && !ok, "RotationGrace needs a store that finds replaced tokens, which a %T does not: use store.NewSessions(pool), or leave it zero", o.Sessions)
	fault(o.MaxSessions > 0 && !ok, "MaxSessions needs a store that counts, which a %T does not: use store.NewSessions(pool), or leave it zero", o.Sessions)
	fault(o.MaxSessions > 0 && !o.knowsOwner(), "MaxSessions needs to know whose a session is, but only RetrieveUser knows: keep the sessions with store.NewExternal(pool), or leave MaxSessions zero")
	fault(o.RotationGrace < 0 || o.RotationGrace > engine.MaxRotationGrace, "RotationGrace must be between zero and %s", engine.MaxRotationGrace)
	fault(o.MaxSessions < 0, "MaxSessions must not be negative")
	fault(o.RememberIdleTimeout < 0 || o.RememberIdleTimeout > o.RememberLifetime, "RememberIdleTimeout must be between zero and RememberLifetime")
	for _, directive := range o.ClearSiteData {
		fault(!slices.Contains(siteData, directive), "ClearSiteData knows %q, not %q", siteData, directive)
	}
	fault(o.IdleTimeout < 0 || o.Lifetime < 0 || o.TouchEvery < 0, "IdleTimeout, Lifetime and TouchEvery must not be negative")
	fault(o.IdleTimeout > o.Lifetime, "IdleTimeout (%s) is longer than Lifetime (%s): shorten it", o.IdleTimeout, o.Lifetime)
	fault(o.TouchEvery >= o.IdleTimeout, "TouchEvery (%s) must be shorter than IdleTimeout (%s)", o.TouchEvery, o.IdleTimeout)
	for _, page := range []string{o.Pages.Login, o.Pages.AfterLogin, o.Pages.AfterLogout, o.Pages.ChangePassword} {
		fault(page != "" && !engine.IsLocalPath(page), "the page %q must be a path on this site, such as /login", page)
	}
	if o.BaseURL != "" {
		err := baseurl.Check(o.BaseURL)
		fault(err != nil, "%w", err)
	}
	fault(o.BaseURLOf != nil && o.Realm == nil, "BaseURLOf is for an app with Realm: set BaseURL")
	fault(o.BaseURLOf != nil && o.BaseURL != "", "set BaseURL or BaseURLOf, not both")
	_, err := identifier.New(identifier.Kind(o.Identifier), o.ReservedUsernames, o.UnicodeEmails)
	fault(err != nil, "%w", err)
	fault(o.Identifier < driver.EmailIdentifier || o.Identifier > driver.EitherIdentifier, "Identifier must be driver.EmailIdentifier, driver.UsernameIdentifier or driver.EitherIdentifier")
	emails, usernames := o.keepsIdentifiers()
	fault(o.Identifier != driver.EmailIdentifier && !usernames, "Identifier has usernames, and this %T has no column for them: name one, or use driver.EmailIdentifier", o.Users)
	fault(o.Identifier != driver.UsernameIdentifier && !emails, "Identifier has e-mail addresses, and this %T has no column for them: name one, or use driver.UsernameIdentifier", o.Users)
	_, err = rule.Compile(o.UnverifiedMay)
	fault(err != nil, "UnverifiedMay: %w", err)
	fault(!o.Unverified.valid(), "Unverified must be UnverifiedAllowed, UnverifiedReadOnly or UnverifiedRefused")
	fault(o.Unverified != UnverifiedAllowed && !o.keepsProofs(), "Unverified would refuse every user, because this %T has no column for the proof of an address: name one as Columns.VerifiedAt, or leave Unverified out", o.Users)
	fault(len(o.UnverifiedMay) > 0 && o.Unverified == UnverifiedAllowed, "UnverifiedMay has no effect: set Unverified to UnverifiedReadOnly or UnverifiedRefused")
	for _, err := range []error{o.Cookie.validate(len(o.TrustedOrigins) > 0), o.Policy.Validate(), o.Limits.validate(), second(rule.Compile(o.Exclude)), second(proxy.Parse(o.TrustedProxies))} {
		fault(err != nil, "%w", err)
	}
	_, err = origin.NewCheck(o.TrustedOrigins, o.Cookie.InsecureLocalhost)
	fault(err != nil, "%w", err)
	_, more := o.compileRouteRules()
	return errors.Join(append(faults, more...)...)
}

// keepsRealms returns an error if the store of that field may find the users of another realm.
func keepsRealms(field string, s any) error {
	if s == nil {
		return nil
	}
	r, ok := s.(driver.Realms)
	if !ok {
		return fmt.Errorf("with Realm, the %T in %s does not keep realms apart: use store.New, or let it implement driver.Realms", s, field)
	}
	if err := r.KeepsRealms(); err != nil {
		return fmt.Errorf("with Realm, %s does not keep realms apart: %w", field, err)
	}
	return nil
}

// checkAcceptOnce returns what is wrong with AcceptOnce.
func (o Options[U]) checkAcceptOnce() (faults []error) {
	if o.AcceptOnce == nil {
		return nil
	}
	if err := o.AcceptOnce.Validate(); err != nil {
		faults = append(faults, err)
	}
	own, _ := o.sessionStore()
	if o.NoSessions {
		faults = append(faults, errors.New("AcceptOnce begins sessions, which NoSessions forbids: leave one of them out"))
	} else if _, ok := own.(driver.SessionExchanger); !ok {
		faults = append(faults, fmt.Errorf("AcceptOnce needs sessions in a store that remembers what was exchanged, which a %T does not: keep them in package store, such as by store.NewExternal(pool)", o.Sessions))
	}
	if o.Users == nil && o.FindUser == nil {
		faults = append(faults, errors.New("AcceptOnce needs to find the user of an old login: set FindUser or Users"))
	}
	if !o.NoSessions && o.AcceptOnce.Cookie != "" && o.AcceptOnce.Cookie == o.Cookie.compile().Name {
		faults = append(faults, fmt.Errorf("AcceptOnce.Cookie is the name of the new cookie, too: set Cookie.Name to another than %q", o.AcceptOnce.Cookie))
	}
	return faults
}

// keepsIdentifiers asks a store whether it has a place for addresses and usernames. A store that does
// not say has both.
func (o Options[U]) keepsIdentifiers() (emails, usernames bool) {
	if keeper, asked := o.Users.(interface {
		KeepsIdentifiers() (emails, usernames bool)
	}); asked {
		return keeper.KeepsIdentifiers()
	}
	return true, true
}

// keepsProofs asks a store whether it has a place for the proof of an address. A store that does not
// say has one.
func (o Options[U]) keepsProofs() bool {
	keeper, asked := o.Users.(interface{ KeepsProofs() bool })
	return !asked || keeper.KeepsProofs()
}

// siteData are the directives of Clear-Site-Data (W3C, 3.1).
var siteData = []string{"cache", "cookies", "storage", "executionContexts", "*"}

func second[T any](_ T, err error) error { return err }

// elsewhere is a placeholder for the users of FindUser, to ask a store of sessions whether it
// accepts them.
type elsewhere struct{}

// external returns the store of sessions if the accounts are kept elsewhere, otherwise nil.
func (o Options[U]) external() driver.External {
	e, _ := o.Sessions.(driver.External)
	return e
}

// knowsOwner says whether each session is stored with its user's ID.
func (o Options[U]) knowsOwner() bool {
	return o.Users != nil || o.FindUser != nil || o.external() != nil
}

func (o Options[U]) sessionStore() (driver.Sessions, bool) {
	if o.Sessions != nil {
		s, ok := o.Sessions.(driver.Sessions)
		return s, ok
	}
	s, ok := o.Users.(driver.Sessions)
	return s, ok
}

func (o Options[U]) limiter() driver.Limiter {
	if l, ok := o.Users.(driver.Limiter); ok {
		return l
	}
	if l, ok := o.Sessions.(driver.Limiter); ok {
		return l
	}
	return throttle.Shared().Of(o.Users)
}
