package apikey

import (
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
	// As for sessions, a stated number.
	defaultMaxKeys    = 50
	defaultTouchEvery = time.Minute
)

// Keys is how an app wants its API keys. It is plain data, as ginauth.Config is, and all
// constructors of this package take the same. Its zero value plus Store is the safe default.
type Keys[U driver.User] struct {
	// Store keeps the keys. Required. Usually the *store.DB that is Config.Users.
	Store driver.APIKeys[U]
	// Prefix begins every key, so that secret scanners can recognise it: 3 to 20 lower-case
	// letters, digits and underscores, the first a letter and the last an underscore. Keys of
	// another prefix are not good any more. Default: "gak_"; better is one of the app's own.
	Prefix string
	// Scopes are those that a key may be given. Default: whatever has the form of a scope
	// (RFC 6749, 3.3), which is fine as long as nothing asks for it.
	Scopes []string
	// Lifetime is that of a key for which none was asked. Default: 90 days.
	Lifetime time.Duration
	// MaxLifetime is the longest that may be asked for. Default: 366 days, or Lifetime where that is longer.
	MaxLifetime time.Duration
	// SkipExpiry lets users ask for keys that never expire. Such a key is found and used years later:
	// turn it on only where keys are reviewed in another way.
	SkipExpiry bool
	// MaxKeys is how many live keys a user may have; one more is refused. Default: 50.
	MaxKeys int
	// TouchEvery is how often at most the use of a key is written down. Default: 1 min.
	TouchEvery time.Duration
}

// WithDefaults returns a copy in which every empty field has its default.
func (k Keys[U]) WithDefaults() Keys[U] {
	if k.Prefix == "" {
		k.Prefix = defaultPrefix
	}
	if k.MaxLifetime == 0 {
		k.MaxLifetime = max(defaultMaxLifetime, k.Lifetime)
	}
	if k.Lifetime == 0 {
		k.Lifetime = min(defaultLifetime, k.MaxLifetime)
	}
	if k.MaxKeys == 0 {
		k.MaxKeys = defaultMaxKeys
	}
	if k.TouchEvery == 0 {
		k.TouchEvery = defaultTouchEvery
	}
	return k
}

// Validate returns what is wrong with k, one sentence per fault, and nil for good ones. Every
// constructor calls it and panics with its text.
func (k Keys[U]) Validate() error {
	k = k.WithDefaults()
	var faults []error
	fault := func(wrong bool, format string, args ...any) {
		if wrong {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	fault(k.Store == nil, "set Store (such as store.New[store.User](pool))")
	err := checkPrefix(k.Prefix)
	fault(err != nil, "%w", err)
	fault(len(k.Scopes) > maxScopes, "list at most %d Scopes", maxScopes)
	for _, scope := range k.Scopes {
		fault(!isScope(scope), "the scope %q must have 1 to %d visible ASCII characters, without quotation mark and backslash (RFC 6749, 3.3)", scope, maxScope)
	}
	fault(k.Lifetime < 0 || k.MaxLifetime < 0 || k.TouchEvery < 0, "Lifetime, MaxLifetime and TouchEvery must not be negative")
	fault(k.Lifetime > k.MaxLifetime, "Lifetime (%s) is longer than MaxLifetime (%s): shorten it", k.Lifetime, k.MaxLifetime)
	fault(k.MaxKeys < 0, "MaxKeys must not be negative")
	return errors.Join(faults...)
}

// compileHandler is compile for handlers, which need sessions.
func compileHandler[U driver.User](constructor string, cfg ginauth.Config[U], k Keys[U]) Keys[U] {
	return compile(constructor, errors.Join(cfg.Validate(), k.Validate(), fits(cfg, k)), k)
}

// fits tells a Store whose keys the users of cfg cannot have.
func fits[U driver.User](cfg ginauth.Config[U], k Keys[U]) error {
	if _, cares := k.Store.(pairing.Keeper); cares && cfg.Users == nil {
		return errors.New("set Config.Users to the store whose users have the keys, such as store.New[store.User](pool), also beside RetrieveUser")
	}
	if err := pairing.Check(k.Store, cfg.Users); err != nil {
		return fmt.Errorf("Config.Users and Store do not fit: %w", err)
	}
	return nil
}

// compile panics with the constructor's name when a configuration is unusable: routes are built at
// start-up, where that is the earliest and loudest answer.
func compile[U driver.User](constructor string, err error, k Keys[U]) Keys[U] {
	if err != nil {
		panic(fmt.Sprintf("apikey.%s: %v", constructor, err)) //nolint:forbidigo // while routes are built
	}
	k = k.WithDefaults()
	k.Scopes = slices.Clone(k.Scopes)
	return k
}
