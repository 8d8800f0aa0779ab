package email

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/mail"
	"net/url"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/baseurl"
	"github.com/ginauth/ginauth/ginauth/internal/pairing"
)

const (
	// OWASP's Forgot Password Cheat Sheet and ASVS 6.5.5 ask for short lives.
	defaultResetLifetime  = 30 * time.Minute
	defaultVerifyLifetime = 24 * time.Hour
	defaultChangeLifetime = time.Hour
	defaultLoginLifetime  = 10 * time.Minute
	// Long enough for owners who read that mailbox once a week.
	defaultUndoLifetime = 7 * 24 * time.Hour
	// freshness is what OWASP ASVS 7.5.1 suggests for changes of credentials.
	freshness = 10 * time.Minute
)

// Options configure an app's mails. Sender and From are required, BaseURL too unless the Config has
// one, and Pages for the handlers that are mounted. The zero value of every other field is the safe
// default.
type Options[U any] struct {
	// Store keeps mails and tokens. It must be the Users of the Config, or wrap them, because a
	// login must see what a link changes. Default: the Users of the Config, if they are a
	// driver.Mails, as store.DB is.
	Store driver.Mails[U]
	// Sender sends the mails, such as smtp.New. Set it in a web process too, even if another
	// process sends the mails: then no app can promise mails without a way to send them.
	Sender Sender
	// BaseURL is the URL of the app as browsers see it, such as "https://app.example.com". Links
	// begin with it, whatever host a request names. If the app is below a path, include it here,
	// such as "https://example.com/auth", and leave it out of Pages. Plain http is for localhost
	// only. Leave it out if the Config has a BaseURLOf. Default: that of the Config.
	BaseURL string
	// From is the sender, such as "Example <hello@example.com>".
	From string
	// Site is the app's name in the built-in texts. Default: the host of BaseURL, or of the realm's.
	Site string

	// Pages are the paths of the handlers that links lead to.
	Pages Pages
	// Lifetimes say how long links are valid.
	Lifetimes Lifetimes
	// Texts replaces built-in texts, by locale. The locale "" is the fallback. Default: English.
	Texts map[string]Texts
	// Locale returns the locale of Texts in which to write to the sender of the request. Default:
	// chosen by Accept-Language.
	Locale func(*gin.Context) string
	// Page shows a page to a browser. Default: a plain one in English.
	Page func(*gin.Context, Page)
}

// Pages are paths of this app, such as "/reset", below BaseURL. Mount the named handler there for
// GET and POST; Forgot is a page of the app's own.
type Pages struct {
	// Verify is where VerifyEmail is.
	Verify string
	// Reset is where ResetPassword is.
	Reset string
	// Login is where MagicLink is.
	Login string
	// Change is where ConfirmEmailChange is.
	Change string
	// Undo is where UndoEmailChange is.
	Undo string
	// Forgot is the app's own page with a form for ForgotPassword. Mails that mention it link to
	// it. Default: mails mention it without a link.
	Forgot string
}

// Lifetimes say how long links are valid after their mail was sent. If a mail cannot be sent for
// that long, it is given up.
type Lifetimes struct {
	// Reset sets a password. Default: 30 min.
	Reset time.Duration
	// Verify proves an address. Default: 24 h.
	Verify time.Duration
	// Change moves to a new address. Default: 1 h.
	Change time.Duration
	// Login logs in. Default: 10 min.
	Login time.Duration
	// Undo goes back to the former address. Default: 7 days.
	Undo time.Duration
}

func (o Options[U]) withDefaults(app ginauth.Options[U]) Options[U] {
	if store, ok := app.Users.(driver.Mails[U]); ok && o.Store == nil {
		o.Store = store
	}
	o.BaseURL = cmp.Or(o.BaseURL, app.BaseURL)
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&o.Lifetimes.Reset, defaultResetLifetime},
		{&o.Lifetimes.Verify, defaultVerifyLifetime},
		{&o.Lifetimes.Change, defaultChangeLifetime},
		{&o.Lifetimes.Login, defaultLoginLifetime},
		{&o.Lifetimes.Undo, defaultUndoLifetime},
	} {
		*d.field = cmp.Or(*d.field, d.value)
	}
	if u, err := url.Parse(o.BaseURL); err == nil && o.Site == "" && app.BaseURLOf == nil {
		o.Site = u.Hostname()
	}
	return o
}

// validate returns what is wrong with options after withDefaults, one sentence for each fault.
func (o Options[U]) validate(app ginauth.Options[U]) error {
	var faults []error
	fault := func(wrong bool, format string, args ...any) {
		if wrong {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	fault(o.Store == nil && app.Users == nil, "set Store (such as store.New[store.User](pool))")
	fault(o.Store == nil && app.Users != nil, "set Store: the Users of the Config, a %T, are not a driver.Mails: use store.New, or add the methods of that interface to your store", app.Users)
	fault(app.Users == nil, "set the Users of the Config to the store whose users get the mails, such as store.New[store.User](pool), also beside RetrieveUser")
	keeper, asked := o.Store.(interface {
		KeepsIdentifiers() (emails, usernames bool)
	})
	if asked && !pairing.IsNil(o.Store) {
		emails, _ := keeper.KeepsIdentifiers()
		fault(!emails, "Store, a %T, has no column for addresses: name one as Columns.Email", o.Store)
	}
	err := pairing.Check(o.Store, app.Users)
	fault(err != nil, "the Users of the Config and Store do not fit: %w", err)
	if err := pairing.Made("Sender", o.Sender); err != nil && !pairing.IsNil(o.Sender) {
		faults = append(faults, err)
	}
	fault(pairing.IsNil(o.Sender), "set Sender (such as smtp.New), also if another process runs Run: without one no mail could be sent")
	if app.BaseURLOf == nil {
		err = baseurl.Check(o.BaseURL)
		fault(err != nil, "%w", err)
	}
	fault(app.BaseURLOf != nil && o.BaseURL != "", "leave BaseURL out: the Config has a BaseURLOf, which returns that of each realm")
	fault(app.Realm != nil && app.BaseURLOf == nil, "the Config has a Realm: set its BaseURLOf too, so that the links of each realm lead there")
	fault(app.BaseURL != "" && o.BaseURL != app.BaseURL, "BaseURL is %q here and %q in the Config: set that of the Config alone", o.BaseURL, app.BaseURL)
	_, err = mail.ParseAddress(o.From)
	fault(err != nil || hasControl(o.From), `set From to an address, such as "Example <hello@example.com>"`)
	fault(hasControl(o.Site), "Site must not have control characters")
	for _, path := range []string{o.Pages.Verify, o.Pages.Reset, o.Pages.Login, o.Pages.Change, o.Pages.Undo, o.Pages.Forgot} {
		fault(path != "" && !baseurl.IsPath(path), "the page %q must be a path of this app, such as /reset", path)
	}
	for _, d := range []time.Duration{o.Lifetimes.Reset, o.Lifetimes.Verify, o.Lifetimes.Change, o.Lifetimes.Login, o.Lifetimes.Undo} {
		fault(d < time.Minute, "a lifetime of %s is too short to read the mail: give it a minute or more", d)
	}
	_, err = compileTexts[U](o.Texts)
	fault(err != nil, "%w", err)
	return errors.Join(faults...)
}

// Flows are the mails of an app and the handlers of their links. New makes them from Options once,
// for every constructor of this package. They are safe for concurrent use.
type Flows[U any] struct {
	cfg   *ginauth.Config[U]
	app   ginauth.Options[U]
	o     Options[U] // with defaults
	texts catalogs
	// locales are those of Texts, sorted.
	locales []string
	// site is that of BaseURL, unless the Config has a BaseURLOf.
	site site
}

// New checks the options and compiles them. Its error has one sentence for each fault, which says
// how to mend it.
func New[U any](cfg *ginauth.Config[U], o Options[U]) (*Flows[U], error) {
	if cfg.Engine() == nil {
		return nil, errors.New("email.New: the Config is nil or empty: check the error of ginauth.New")
	}
	if err := pairing.Made("Store", o.Store); err != nil {
		return nil, fmt.Errorf("email.New: %w", err)
	}
	app := cfg.Options()
	o = o.withDefaults(app)
	if err := o.validate(app); err != nil {
		return nil, fmt.Errorf("email.New: %w", err)
	}
	f := &Flows[U]{cfg: cfg, app: app, o: o}
	f.locales = slices.Sorted(maps.Keys(o.Texts))
	f.texts, _ = compileTexts[U](o.Texts) // validated
	if app.BaseURLOf == nil {
		f.site = f.newSite(o.BaseURL)
	}
	return f, nil
}

// Options returns the options that were given to New, with defaults in place of empty fields.
func (f *Flows[U]) Options() Options[U] { return f.o }

// mounted panics with the constructor's name if f is nil, or if Pages lacks a page that the
// constructor needs: routes are built at start-up, where a panic is the earliest and loudest
// answer.
func (f *Flows[U]) mounted(constructor string, pages ...string) {
	if f == nil || f.cfg == nil {
		panic(fmt.Sprintf("email.%s: the Flows are nil or empty: check the error of email.New", constructor)) //nolint:forbidigo // while routes are built
	}
	p := f.o.Pages
	paths := map[string]string{"Verify": p.Verify, "Reset": p.Reset, "Login": p.Login, "Change": p.Change, "Undo": p.Undo}
	for _, name := range pages {
		if paths[name] == "" {
			panic(fmt.Sprintf("email.%s: set Pages.%s to the path where its handler is mounted", constructor, name)) //nolint:forbidigo // while routes are built
		}
	}
}

// needsProofs panics if the store has no place for the proof of an address.
func (f *Flows[U]) needsProofs(constructor string) {
	if keeper, asked := f.o.Store.(interface{ KeepsProofs() bool }); asked && !keeper.KeepsProofs() {
		panic(fmt.Sprintf("email.%s: the users' table has no column for the proof of an address: name one as Columns.VerifiedAt", constructor)) //nolint:forbidigo // while routes are built
	}
}

// target returns where links of a kind lead and how long they are valid. Both are zero for mails
// without a token.
func (f *Flows[U]) target(k driver.MailKind) (path string, lifetime time.Duration) {
	switch k {
	case driver.MailVerify:
		return f.o.Pages.Verify, f.o.Lifetimes.Verify
	case driver.MailReset:
		return f.o.Pages.Reset, f.o.Lifetimes.Reset
	case driver.MailLogin:
		return f.o.Pages.Login, f.o.Lifetimes.Login
	case driver.MailChange:
		return f.o.Pages.Change, f.o.Lifetimes.Change
	case driver.MailUndo:
		return f.o.Pages.Undo, f.o.Lifetimes.Undo
	case driver.MailTaken, driver.MailPassword, driver.MailNewBrowser, driver.MailReuse:
	}
	return "", 0
}
