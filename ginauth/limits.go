package ginauth

import (
	"errors"
	"time"

	"github.com/ginauth/ginauth/ginauth/internal/engine"
)

// Rate is a number of attempts in a time. A client may use all of them at once; then it gets a new
// one every Per/Attempts.
type Rate struct {
	Attempts int
	Per      time.Duration
}

// Limit says how many attempts of one purpose are allowed. Without rates there is no limit.
type Limit struct {
	// PerIdentifier counts attempts that concern one account, whether or not it exists.
	PerIdentifier []Rate
	// PerAddress counts attempts from one IPv4 address, or one IPv6 /64.
	PerAddress []Rate
}

// Limits say how many attempts are allowed. The zero value of each field means its default. With
// Options.Realm, limits per identifier count in each realm, and limits per address over all realms:
// a client has one budget, whichever tenants it tries.
type Limits struct {
	// FreeFailures is how many wrong passwords in a row an identifier may have without
	// consequences. After each further one the next attempt has to wait: 2 s at first, then twice
	// as long each time. Default: 5.
	FreeFailures int
	// MaxWait is the longest of these waits. Default: 15 min.
	MaxWait time.Duration
	// MaxFailures is the number of wrong passwords in a row after which only known browsers may log
	// in. At most 100 (NIST SP 800-63B, 3.2.2). Each failure is forgotten after a day. Default:
	// 100.
	MaxFailures int
	// BrowserFailures is how many wrong passwords in a row a known browser may send, whatever other
	// clients do. After that it counts as unknown. At most 100. Default: 10.
	BrowserFailures int
	// LoginPerAddress limits passwords of all users from one IPv4 address, or one IPv6 /64. A whole
	// office may share one address. Default: 60 a minute and 300 an hour.
	LoginPerAddress []Rate
	// SignUp limits new accounts. Default: 10 an hour per address and per identifier.
	SignUp Limit
	// Mail limits requests for a mail of package email; each kind of mail counts separately.
	// Default: 5 an hour per identifier and 20 an hour per address.
	Mail Limit
	// LinkPerAddress limits attempts to use a mailed link of package email. Default: 20 a minute
	// and 300 an hour, whatever LoginPerAddress is.
	LinkPerAddress []Rate
	// BadCredentialsPerAddress limits credentials that were never valid: tokens, API keys and
	// others that a Backend refuses, and refresh tokens. Each process counts for itself, and valid
	// credentials are never refused. Default: 20 a minute and 300 an hour.
	BadCredentialsPerAddress []Rate

	// InsecureUnlimited switches all limits off. It is for load tests of an app that nobody else
	// can reach.
	InsecureUnlimited bool
}

// Defaults: OWASP ASVS 6.3.1 and 2.4.1, NIST SP 800-63B 3.2.2 (at most 100 in a row, waits of 30 s
// to 1 h), OWASP Authentication Cheat Sheet (exponential).
const (
	defaultFreeFailures    = 5
	defaultMaxWait         = 15 * time.Minute
	defaultMaxFailures     = 100
	defaultBrowserFailures = 10
)

func (l Limits) withDefaults() Limits {
	if l.FreeFailures == 0 {
		l.FreeFailures = defaultFreeFailures
	}
	if l.MaxWait == 0 {
		l.MaxWait = defaultMaxWait
	}
	if l.MaxFailures == 0 {
		l.MaxFailures = defaultMaxFailures
	}
	if l.BrowserFailures == 0 {
		l.BrowserFailures = defaultBrowserFailures
	}
	for _, d := range []struct {
		field *[]Rate
		value []Rate
	}{
		{&l.LoginPerAddress, []Rate{{60, time.Minute}, {300, time.Hour}}},
		{&l.LinkPerAddress, []Rate{{20, time.Minute}, {300, time.Hour}}},
		{&l.BadCredentialsPerAddress, []Rate{{20, time.Minute}, {300, time.Hour}}},
		{&l.SignUp.PerAddress, []Rate{{10, time.Hour}}},
		{&l.SignUp.PerIdentifier, []Rate{{10, time.Hour}}},
		{&l.Mail.PerAddress, []Rate{{20, time.Hour}}},
		{&l.Mail.PerIdentifier, []Rate{{5, time.Hour}}},
	} {
		if *d.field == nil {
			*d.field = d.value
		}
	}
	return l
}

func (l Limits) validate() error {
	switch {
	case l.FreeFailures < 0 || l.BrowserFailures < 0 || l.MaxWait < 0:
		return errors.New("FreeFailures, BrowserFailures and MaxWait of Limits must not be negative")
	case l.MaxFailures < l.FreeFailures || l.MaxFailures > defaultMaxFailures:
		return errors.New("Limits.MaxFailures must be between FreeFailures and 100")
	case l.BrowserFailures > defaultMaxFailures:
		return errors.New("Limits.BrowserFailures must be at most 100: a stolen browser cookie is worth as many guesses")
	}
	for _, rates := range [][]Rate{l.LoginPerAddress, l.LinkPerAddress, l.BadCredentialsPerAddress, l.SignUp.PerAddress, l.SignUp.PerIdentifier, l.Mail.PerAddress, l.Mail.PerIdentifier} {
		if len(rates) == 0 {
			return errors.New("a list of rates in Limits is empty: leave it nil for the default, or name a rate")
		}
		if !engine.NewLimit(rates, nil).Valid() {
			return errors.New("every Rate in Limits needs Attempts and Per above zero, such as {20, time.Minute}")
		}
	}
	return nil
}

func (l Limits) compile() engine.Limits {
	return engine.Limits{
		FreeFailures: l.FreeFailures, MaxFailures: l.MaxFailures, BrowserFailures: l.BrowserFailures, MaxWait: l.MaxWait,
		LoginPerAddress: engine.NewLimit(nil, l.LoginPerAddress).PerAddress, SignUp: engine.NewLimit(l.SignUp.PerIdentifier, l.SignUp.PerAddress),
		Unlimited: l.InsecureUnlimited,
	}
}
