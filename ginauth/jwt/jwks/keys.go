package jwks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/MicahParks/jwkset"
	"golang.org/x/time/rate"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/jwt"
)

const (
	defaultRefresh  = 10 * time.Minute
	defaultMinPause = time.Minute
	// defaultMaxStale limits how long a key is used that its issuer may have withdrawn.
	defaultMaxStale = 24 * time.Hour
)

// Options change how a document is fetched. The zero value is the safe one.
type Options struct {
	// RefreshEvery is how often the document is fetched. Default: 10 min.
	RefreshEvery time.Duration
	// MinPause is the least time between two fetches for unknown keys. Default: 1 min.
	MinPause time.Duration
	// MaxStale is how long the last document is used if no newer one can be fetched. Default: 24 h.
	MaxStale time.Duration
	// Algorithm is the algorithm of RSA keys whose entry in the document names none (RFC 7517,
	// 4.4), such as jwt.PS256. Other keys have the algorithm of their curve. Default: jwt.RS256.
	Algorithm jwt.Algorithm
	// InsecureLoopback allows plain http, to a loopback address only: for tests.
	InsecureLoopback bool
	// Logger gets failed fetches. Default: slog.Default.
	Logger *slog.Logger
	// Now is the clock for MaxStale and MinPause. Default: time.Now.
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	o.RefreshEvery = cmp.Or(o.RefreshEvery, defaultRefresh)
	o.MinPause = cmp.Or(o.MinPause, defaultMinPause)
	o.MaxStale = cmp.Or(o.MaxStale, defaultMaxStale)
	o.Algorithm = cmp.Or(o.Algorithm, jwt.RS256)
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now //nolint:forbidigo // the default of the option
	}
	return o
}

// Keys are the public keys of one issuer. They are safe for concurrent use.
type Keys struct {
	document  atomic.Pointer[document]
	now       func() time.Time
	maxStale  time.Duration
	algorithm jwt.Algorithm // for RSA keys that name none
	asking    asking
}

// document is the last document that was fetched. It never changes.
type document struct {
	keys    map[string]jwt.Key
	fetched time.Time
}

var _ jwt.KeySource = (*Keys)(nil)

// New fetches the document at url, and again until ctx ends. It does not need the issuer: until the
// first document is there, FindKey returns driver.ErrUnavailable. The error says what is wrong with
// url or the options.
func New(ctx context.Context, url string, o Options) (*Keys, error) {
	o = o.withDefaults()
	if o.RefreshEvery < 0 || o.MinPause < 0 || o.MaxStale < 0 {
		return nil, errors.New("Options.RefreshEvery, MinPause and MaxStale must not be negative")
	}
	if o.Logger.Handler() == nil {
		return nil, errors.New("Options.Logger has no handler: make it with slog.New, or leave it out")
	}
	switch o.Algorithm {
	case jwt.RS256, jwt.RS384, jwt.RS512, jwt.PS256, jwt.PS384, jwt.PS512:
	default:
		return nil, fmt.Errorf("Options.Algorithm is for RSA keys: it cannot be %q", o.Algorithm)
	}
	address, err := checkURL(url, o.InsecureLoopback)
	if err != nil {
		return nil, err
	}
	k := &Keys{now: o.Now, maxStale: o.MaxStale, algorithm: o.Algorithm, asking: asking{ctx: ctx, pause: o.MinPause}}
	remote, err := jwkset.NewStorageFromHTTP(address.String(), jwkset.HTTPClientStorageOptions{
		Client: newClient(address), Ctx: ctx, HTTPTimeout: fetchTimeout, RefreshInterval: o.RefreshEvery,
		NoErrorReturnFirstHTTPReq: true, Storage: &keeper{MemoryJWKSet: jwkset.NewMemoryStorage(), keys: k},
		ValidateOptions: jwkset.JWKValidateOptions{SkipAll: true}, // usable checks them; certificates are not read
		RefreshErrorHandler: func(ctx context.Context, err error) {
			o.Logger.WarnContext(ctx, "ginauth: the keys of an issuer could not be fetched", "host", address.Host, "error", err)
		},
	})
	if err != nil {
		return nil, fmt.Errorf("preparing to fetch keys: %w", err)
	}
	// asking limits the rate: this limiter would also count requests that are over.
	k.asking.client, err = jwkset.NewHTTPClient(jwkset.HTTPClientOptions{
		HTTPURLs: map[string]jwkset.Storage{address.String(): remote}, RefreshUnknownKID: rate.NewLimiter(rate.Inf, 1),
	})
	if err != nil {
		return nil, fmt.Errorf("preparing to fetch keys: %w", err)
	}
	return k, nil
}

// FindKey returns the issuer's key of exactly that id, or jwt.ErrNoKey. It wraps
// driver.ErrUnavailable when no document could be fetched, or none for Options.MaxStale, and when
// ctx ends first.
func (k *Keys) FindKey(ctx context.Context, id string) (jwt.Key, error) {
	if id == "" {
		return jwt.Key{}, jwt.ErrNoKey
	}
	if found, ok := k.find(id); ok {
		return found, nil
	}
	select {
	case <-k.asking.fetch(k.now()): //nolint:contextcheck // it is nobody's request; what came is in document
	case <-ctx.Done():
		return jwt.Key{}, fmt.Errorf("%w: waiting for the keys of the issuer: %w", driver.ErrUnavailable, ctx.Err())
	}
	if found, ok := k.find(id); ok {
		return found, nil
	}
	if d := k.document.Load(); d == nil || k.stale(d) {
		return jwt.Key{}, fmt.Errorf("%w: the keys of the issuer could not be fetched", driver.ErrUnavailable)
	}
	return jwt.Key{}, jwt.ErrNoKey
}

func (k *Keys) find(id string) (jwt.Key, bool) {
	d := k.document.Load()
	if d == nil || k.stale(d) {
		return jwt.Key{}, false
	}
	found, ok := d.keys[id]
	return found, ok
}

func (k *Keys) stale(d *document) bool { return k.now().Sub(d.fetched) > k.maxStale }

// keeper makes keys of what jwkset has read, once for each document.
type keeper struct {
	*jwkset.MemoryJWKSet
	keys *Keys
}

// KeyRead finds nothing, so jwkset always fetches: Keys has looked before it asks.
func (*keeper) KeyRead(context.Context, string) (jwkset.JWK, error) {
	return jwkset.JWK{}, jwkset.ErrKeyNotFound
}

// KeyReplaceAll receives a new document from jwkset.
func (s *keeper) KeyReplaceAll(ctx context.Context, given []jwkset.JWK) error {
	d := &document{keys: make(map[string]jwt.Key, len(given)), fetched: s.keys.now()}
	double := map[string]bool{}
	for _, one := range given {
		key, ok := s.keys.usable(one)
		if !ok {
			continue
		}
		if _, seen := d.keys[key.ID()]; seen {
			double[key.ID()] = true
		}
		d.keys[key.ID()] = key
	}
	for id := range double { // nobody can know which of them the issuer means
		delete(d.keys, id)
	}
	s.keys.document.Store(d)
	return s.MemoryJWKSet.KeyReplaceAll(ctx, given)
}

// usable accepts public keys for signatures, with the algorithm that the issuer names or that their
// kind has. Everybody knows a secret or private key in a public document, so it is refused.
func (k *Keys) usable(one jwkset.JWK) (jwt.Key, bool) {
	m := one.Marshal()
	if m.KID == "" || m.USE != "" && m.USE != jwkset.UseSig {
		return jwt.Key{}, false
	}
	key, err := jwt.NewKey(m.KID, one.Key())
	if err != nil || key.CanSign() {
		return jwt.Key{}, false
	}
	algorithm := jwt.Algorithm(m.ALG)
	switch {
	case algorithm != "":
	case key.Algorithm() == jwt.RS256:
		algorithm = k.algorithm
	default:
		algorithm = key.Algorithm()
	}
	key, err = key.WithAlgorithm(algorithm)
	return key, err == nil
}
