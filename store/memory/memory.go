package memory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

const (
	defaultLimit      = 100_000
	defaultSweepEvery = time.Minute
	// maxData is the default of package store.
	maxData = 16 << 10
	// maxListed is the maximum length of each list, as in package store.
	maxListed = 1000
)

// ErrFull means that a kind of entry has reached Options.Limit. It wraps driver.ErrUnavailable.
var ErrFull = fmt.Errorf("%w: the memory store is full", driver.ErrUnavailable)

// Options configure a Store. The zero value works for [User] and structs that embed it.
type Options[U any] struct {
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	// Limit is the maximum number of users, and of each other kind of entry. Default: 100,000.
	Limit int
	// SweepEvery is how often calls delete entries that have ended. Default: 1 min.
	SweepEvery time.Duration
	// Mail makes the store itself queue mails to users, as store.WithMail does. Default: false.
	Mail bool
	// Set writes the account into u. Before that, u is the zero value, or the user as the app has
	// changed it. Default: Set writes the fields of User in the struct U, which must have them.
	Set func(u *U, account User)
	// Name returns the name in u, which a form may have changed. Default: with Set, forms do not
	// change the name.
	Name func(u U) string
}

// Store keeps users of type U and everything that belongs to them. It is safe for concurrent use.
type Store[U any] struct {
	now        func() time.Time
	limit      int
	sweepEvery time.Duration
	mail       bool
	shape      shape[U]

	mu          sync.Mutex
	swept       time.Time
	everybody   int64 // part of the epoch of all sessions
	users       map[driver.UserID]*account[U]
	byCanonical map[identity]*account[U]
	byUsername  map[identity]*account[U]
	sessions    map[driver.Digest]*session
	rotated     map[driver.Digest]*session // by the digest before the last rotation
	ended       map[driver.Digest]time.Time
	families    map[driver.Digest]*family // by selector
	factors     map[driver.FactorID]*factor
	pendings    map[driver.Digest]*pending
	keys        map[driver.Digest]*apiKey
	mails       map[driver.MailID]*mail
	links       map[driver.Digest]*link
	throttles   map[driver.LimitKey]*throttle
	devices     map[driver.LimitKey]*device
	forgotten   map[driver.UserID]time.Time // nil: the accounts are kept here
	events      []driver.Event              // in the order of their ids
	lastEvent   int64
}

var (
	_ driver.Users[User]             = (*Store[User])(nil)
	_ driver.Sessions                = (*Store[User])(nil)
	_ driver.SessionFinder[User]     = (*Store[User])(nil)
	_ driver.Limiter                 = (*Store[User])(nil)
	_ driver.CredentialLimiter[User] = (*Store[User])(nil)
	_ driver.Logins                  = (*Store[User])(nil)
	_ driver.Accounts[User]          = (*Store[User])(nil)
	_ driver.EventLog                = (*Store[User])(nil)
	_ driver.Authority[User]         = (*Store[User])(nil)
	_ driver.Mails[User]             = (*Store[User])(nil)
	_ driver.APIKeys[User]           = (*Store[User])(nil)
	_ driver.RefreshTokens           = (*Store[User])(nil)
	_ driver.SessionChecker[User]    = (*Store[User])(nil)
	_ driver.Realms                  = (*Store[User])(nil)
)

// New returns an empty store. It panics when the options cannot work.
func New[U any](o Options[U]) *Store[U] {
	shape, err := shapeOf(o)
	if err == nil && (o.Limit < 0 || o.SweepEvery < 0) {
		err = errors.New("a negative Limit or SweepEvery cannot work: leave them out for the default")
	}
	if err != nil {
		panic("memory.New: " + err.Error()) //nolint:forbidigo // construction
	}
	if o.Now == nil {
		o.Now = time.Now //nolint:forbidigo // the clock
	}
	return &Store[U]{
		now: o.Now, limit: cmp.Or(o.Limit, defaultLimit), sweepEvery: cmp.Or(o.SweepEvery, defaultSweepEvery), mail: o.Mail, shape: shape,
		users: map[driver.UserID]*account[U]{}, byCanonical: map[identity]*account[U]{}, byUsername: map[identity]*account[U]{},
		sessions: map[driver.Digest]*session{}, rotated: map[driver.Digest]*session{}, ended: map[driver.Digest]time.Time{},
		families: map[driver.Digest]*family{}, factors: map[driver.FactorID]*factor{}, pendings: map[driver.Digest]*pending{}, keys: map[driver.Digest]*apiKey{}, mails: map[driver.MailID]*mail{},
		links: map[driver.Digest]*link{}, throttles: map[driver.LimitKey]*throttle{}, devices: map[driver.LimitKey]*device{},
	}
}

// SendsMail says whether the store itself queues mails to users. ginauth.CheckRoutes calls it.
func (s *Store[U]) SendsMail() bool { return s.mail }

// KeepsRealms implements driver.Realms.
func (s *Store[U]) KeepsRealms() error { return nil }

// enter locks the store and returns the time of the call. Unless it returns an error, the caller
// must call leave.
func (s *Store[U]) enter(ctx context.Context) (time.Time, error) {
	if err := ctx.Err(); err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("%w: %w", driver.ErrUnavailable, err)
		}
		return time.Time{}, err
	}
	s.mu.Lock()
	now := s.now().UTC().Truncate(time.Microsecond) // as precise as PostgreSQL
	if now.Sub(s.swept) >= s.sweepEvery {
		s.sweep(now)
	}
	return now, nil
}

func (s *Store[U]) leave() { s.mu.Unlock() }

// room returns ErrFull if a kind of entry is full.
func (s *Store[U]) room(entries int) error {
	if entries >= s.limit {
		return ErrFull
	}
	return nil
}
