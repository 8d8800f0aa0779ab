package email

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/mail"
	"net/url"
	"reflect"
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
	// Long enough for who reads that mailbox once a week.
	defaultUndoLifetime = 7 * 24 * time.Hour
	// freshness is OWASP ASVS 7.5.1's for a change of credentials.
	freshness = 10 * time.Minute
)

// Flows is how an app wants its mails. It is plain data, as ginauth.Config is: every constructor of this
// package takes the same and compiles its own copy. Config, Store, Sender, BaseURL and From are required,
// and Pages for the handlers that are mounted.
type Flows[U driver.User] struct {
	// Config is the app's.
	Config ginauth.Config[U]
	// Store keeps mails and tokens, of the users that Config.Users has: it must be Config.Users, or wrap it, since
	// what a link changes there is what a login asks. Usually both are one *store.DB.
	Store driver.Mails[U]
	// Sender hands the mails over, such as smtp.New. A web process whose mails another process sends gives it all the
	// same, so that no app promises mails that nothing can send.
	Sender Sender
	// BaseURL is where browsers find the app, such as "https://app.example.com". Links begin with it, whatever
	// host a request names (SEC-108). An app below a path has it here, such as "https://example.com/auth", and Pages
	// without it. Plain http is for localhost only. Default: Config.BaseURL.
	BaseURL string
	// From is the sender, such as "Example <hello@example.com>".
	From string
	// Site is the app's name in the built-in texts. Default: the host of BaseURL.
	Site string

	// Pages are the paths of the handlers that links lead to.
	Pages Pages
	// Lifetimes are those of the tokens.
	Lifetimes Lifetimes
	// Texts replaces built-in texts, by locale; those of the locale "" are the default. Default: English.
	Texts map[string]Texts
	// Locale says in which of Texts' locales to write to who sent the request. Default: by Accept-Language.
	Locale func(*gin.Context) string
	// Page shows a page to a browser. Default: a plain one in English.
	Page func(*gin.Context, Page)
}

// Pages are paths of this app, such as "/reset", under which handlers of this package are mounted
// for GET and POST, but for Forgot. Browsers find them behind BaseURL.
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
	// Forgot is the app's own page with the form that ForgotPassword takes. Mails that name it link to it. Default: they
	// name it alone.
	Forgot string
}

// Lifetimes are how long links are good for, counted from when their mail was sent. A mail that cannot be
// sent for as long is given up.
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

// WithDefaults returns a copy in which every empty field that has a default has it.
func (f Flows[U]) WithDefaults() Flows[U] {
	f.Config = f.Config.WithDefaults()
	if f.BaseURL == "" {
		f.BaseURL = f.Config.BaseURL
	}
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&f.Lifetimes.Reset, defaultResetLifetime},
		{&f.Lifetimes.Verify, defaultVerifyLifetime},
		{&f.Lifetimes.Change, defaultChangeLifetime},
		{&f.Lifetimes.Login, defaultLoginLifetime},
		{&f.Lifetimes.Undo, defaultUndoLifetime},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	if u, err := url.Parse(f.BaseURL); err == nil && f.Site == "" {
		f.Site = u.Hostname()
	}
	return f
}

// Validate returns what is wrong with f, one sentence per fault, and nil for good ones. Every
// constructor calls it and panics with its text.
func (f Flows[U]) Validate() error {
	f = f.WithDefaults()
	var faults []error
	fault := func(wrong bool, format string, args ...any) {
		if wrong {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	fault(isNil(f.Store), "set Store (such as store.New[store.User](pool))")
	fault(f.Config.Users == nil, "set Config.Users to the store whose users get the mails, such as store.New[store.User](pool), also beside RetrieveUser")
	err := pairing.Check(f.Store, f.Config.Users)
	fault(err != nil, "Config.Users and Store do not fit: %w", err)
	fault(isNil(f.Sender), "set Sender (such as smtp.New), also where another process runs Run: without one somewhere no mail would ever leave")
	err = baseurl.Check(f.BaseURL)
	fault(err != nil, "%w", err)
	fault(f.Config.BaseURL != "" && f.BaseURL != f.Config.BaseURL, "BaseURL is %q here and %q in Config: set that of Config alone", f.BaseURL, f.Config.BaseURL)
	_, err = mail.ParseAddress(f.From)
	fault(err != nil || hasControl(f.From), `set From to an address, such as "Example <hello@example.com>"`)
	fault(hasControl(f.Site), "Site must not have control characters")
	for _, path := range []string{f.Pages.Verify, f.Pages.Reset, f.Pages.Login, f.Pages.Change, f.Pages.Undo, f.Pages.Forgot} {
		fault(path != "" && !baseurl.IsPath(path), "the page %q must be a path of this app, such as /reset", path)
	}
	for _, d := range []time.Duration{f.Lifetimes.Reset, f.Lifetimes.Verify, f.Lifetimes.Change, f.Lifetimes.Login, f.Lifetimes.Undo} {
		fault(d < time.Minute, "a lifetime of %s is too short to read the mail: give it a minute or more", d)
	}
	_, err = compileTexts[U](f.Texts)
	fault(err != nil, "%w", err)
	return errors.Join(append(faults, f.Config.Validate())...)
}

// isNil also sees a nil pointer or function behind an interface.
func isNil(v any) bool {
	r := reflect.ValueOf(v)
	return !r.IsValid() || (r.Kind() == reflect.Pointer || r.Kind() == reflect.Func) && r.IsNil()
}

// flows is a compiled Flows.
type flows[U driver.User] struct {
	Flows[U]
	texts catalogs
	// locales are those of Texts, sorted.
	locales []string
	secure  bool
	domain  string // of Message-IDs
	base    string // the path of BaseURL
}

// compile panics with the constructor's name when f is unusable: routes are built at start-up, where
// that is the earliest and loudest answer. page is a path that the constructor needs.
func compile[U driver.User](constructor string, f Flows[U], pages ...string) *flows[U] {
	err := f.Validate()
	for i := 0; i+1 < len(pages); i += 2 {
		if pages[i+1] == "" {
			err = errors.Join(err, fmt.Errorf("set Pages.%s to the path where its handler is mounted", pages[i]))
		}
	}
	if err != nil {
		panic(fmt.Sprintf("email.%s: %v", constructor, err)) //nolint:forbidigo // while routes are built
	}
	return newFlows(f)
}

func newFlows[U driver.User](f Flows[U]) *flows[U] {
	c := &flows[U]{Flows: f.WithDefaults()}
	c.locales = slices.Sorted(maps.Keys(f.Texts))
	c.texts, _ = compileTexts[U](f.Texts) // validated
	base, _ := url.Parse(c.BaseURL)       // validated
	c.secure, c.domain, c.base = base.Scheme == "https", base.Hostname(), base.EscapedPath()
	if net.ParseIP(c.domain) != nil {
		c.domain = "[" + c.domain + "]"
	}
	return c
}

// target is where links of a kind lead, and how long they are good for. Mails without a token have neither.
func (f *flows[U]) target(k driver.MailKind) (path string, lifetime time.Duration) {
	switch k {
	case driver.MailVerify:
		return f.Pages.Verify, f.Lifetimes.Verify
	case driver.MailReset:
		return f.Pages.Reset, f.Lifetimes.Reset
	case driver.MailLogin:
		return f.Pages.Login, f.Lifetimes.Login
	case driver.MailChange:
		return f.Pages.Change, f.Lifetimes.Change
	case driver.MailUndo:
		return f.Pages.Undo, f.Lifetimes.Undo
	case driver.MailTaken, driver.MailPassword, driver.MailDevice, driver.MailReuse:
	}
	return "", 0
}
