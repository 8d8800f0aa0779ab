package apikey

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/pairing"
)

const (
	defaultPrefix = "gak_"
	day           = 24 * time.Hour
	// GitHub's fine-grained personal access tokens live for at most 366 days, unless an
	// organisation allows more.
	defaultLifetime    = 90 * day
	defaultMaxLifetime = 366 * day
	// The same number as for sessions (ASVS 7.1.2).
	defaultMaxKeys    = 50
	defaultTouchEvery = time.Minute
)

// Options configure API keys. The zero value of every field is the safe default.
type Options[U any] struct {
	// Store keeps the keys. Default: the Users of the Config, when they are a driver.APIKeys, as
	// store.DB is; or its Sessions, when they are store.NewExternal.
	Store driver.APIKeys[U]
	// Prefix begins every key, so that secret scanners recognise it: 3 to 20 lower-case letters,
	// digits and underscores, the first a letter and the last an underscore. Keys with another
	// prefix are refused, so choose it before the first key is made. Default: "gak_".
	Prefix string
	// Scopes are those that a key may have. Default: every text that has the form of a scope (RFC
	// 6749, 3.3), which is safe as long as no route requires one.
	Scopes []string
	// Lifetime is the lifetime of a key whose request names none. Default: 90 days.
	Lifetime time.Duration
	// MaxLifetime is the longest lifetime that a request may name. Default: 366 days, or Lifetime
	// if that is longer.
	MaxLifetime time.Duration
	// SkipExpiry lets users ask for keys that never expire. Such a key may be found and used years
	// later, so set it only if keys are reviewed in another way. Default: false.
	SkipExpiry bool
	// MaxKeys is the maximum of live keys of a user. Default: 50.
	MaxKeys int
	// TouchEvery is the least time between two writes of a key's last use. Default: 1 min.
	TouchEvery time.Duration
}

// withDefaults returns a copy in which every empty field has its default.
func (o Options[U]) withDefaults(cfg *ginauth.Config[U]) Options[U] {
	if store, ok := cfg.Options().Users.(driver.APIKeys[U]); ok && o.Store == nil {
		o.Store = store
	}
	if o.Store == nil {
		o.Store = externalStore(cfg)
	}
	o.Prefix = cmp.Or(o.Prefix, defaultPrefix)
	o.MaxLifetime = cmp.Or(o.MaxLifetime, max(defaultMaxLifetime, o.Lifetime))
	o.Lifetime = cmp.Or(o.Lifetime, min(defaultLifetime, o.MaxLifetime))
	o.MaxKeys = cmp.Or(o.MaxKeys, defaultMaxKeys)
	o.TouchEvery = cmp.Or(o.TouchEvery, defaultTouchEvery)
	o.Scopes = slices.Clone(o.Scopes)
	return o
}

// validate returns what is wrong with options after withDefaults, one sentence for each fault.
func (o Options[U]) validate(users driver.Users[U]) error {
	var faults []error
	fault := func(wrong bool, format string, args ...any) {
		if wrong {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	fault(o.Store == nil, "set Store (such as store.New[store.User](pool)); or, for accounts that are kept elsewhere, the Sessions of the Config to store.NewExternal(pool) and its FindUser")
	if users != nil {
		err := pairing.Check(o.Store, users)
		fault(err != nil, "the Users of the Config and Store do not fit: %w", err)
	}
	err := checkPrefix(o.Prefix)
	fault(err != nil, "%w", err)
	fault(len(o.Scopes) > maxScopes, "list at most %d Scopes", maxScopes)
	for _, scope := range o.Scopes {
		fault(!isScope(scope), "the scope %q must have 1 to %d visible ASCII characters, without quotation mark and backslash (RFC 6749, 3.3)", scope, maxScope)
	}
	fault(o.Lifetime < 0 || o.MaxLifetime < 0 || o.TouchEvery < 0, "Lifetime, MaxLifetime and TouchEvery must not be negative")
	fault(o.Lifetime > o.MaxLifetime, "Lifetime (%s) is longer than MaxLifetime (%s): shorten it", o.Lifetime, o.MaxLifetime)
	fault(o.MaxKeys < 0, "MaxKeys must not be negative")
	return errors.Join(faults...)
}

// Keys are an app's API keys. New makes them from Options once, for every constructor of this
// package. They are safe for concurrent use.
type Keys[U any] struct {
	cfg *ginauth.Config[U]
	o   Options[U] // with defaults
}

// New checks the options and compiles them. Its error has one sentence for each fault, which says
// how to mend it.
func New[U any](cfg *ginauth.Config[U], o Options[U]) (*Keys[U], error) {
	if cfg.Engine() == nil {
		return nil, errors.New("apikey.New: the Config is nil or empty: check the error of ginauth.New")
	}
	if err := pairing.Made("Store", o.Store); err != nil {
		return nil, fmt.Errorf("apikey.New: %w", err)
	}
	users := cfg.Options().Users
	o = o.withDefaults(cfg)
	if err := o.validate(users); err != nil {
		return nil, fmt.Errorf("apikey.New: %w", err)
	}
	return &Keys[U]{cfg: cfg, o: o}, nil
}

// Options returns the options that were given to New, with defaults in place of empty fields.
func (k *Keys[U]) Options() Options[U] { return k.o }

// mounted panics with the constructor's name when k is nil. Routes are built at the start, so the
// fault is found early.
func (k *Keys[U]) mounted(constructor string) {
	if k == nil || k.cfg == nil {
		panic(fmt.Sprintf("apikey.%s: the Keys are nil or empty: check the error of apikey.New", constructor)) //nolint:forbidigo // while routes are built
	}
}

// handles is mounted for handlers that need the Users of the Config.
func (k *Keys[U]) handles(constructor string) {
	k.mounted(constructor)
	if _, cares := k.o.Store.(pairing.Keeper); cares && k.cfg.Options().Users == nil {
		panic(fmt.Sprintf("apikey.%s: set the Users of the Config to the store whose users have the keys, such as store.New[store.User](pool), also beside RetrieveUser", constructor)) //nolint:forbidigo // while routes are built
	}
}
