package store_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// changesAddress frees the old address for another sign-up.
func (s *setup) changesAddress(tb testing.TB, k driver.MailOrder) {
	tb.Helper()
	if _, err := s.db.UseEmailToken(tb.Context(), driver.EmailTokenUse{Kind: driver.MailChange, Digest: s.mailed(tb, k)}); err != nil {
		tb.Fatal(err)
	}
}

// A thief takes an address of another person, makes devices known there, and moves on. These
// devices must not allow guesses at the account that the owner of the address creates later.
func TestDevicesDoNotOutliveTheAddressTheyAreFor(t *testing.T) { // SEC-38, SEC-43
	t.Parallel()
	s := newSetup(t)
	u := s.user(t)
	squatter := s.loggedIn(t, u.ID, guessAt(newLimitKey(), newLimitKey()))
	underWay := guessAt(squatter.Guess.Key, newLimitKey())
	s.count1(t, underWay)
	s.changesAddress(t, orderFor(u, driver.MailChange))
	if v := s.count1(t, squatter); v.Wait != 0 || v.Known {
		t.Errorf("a device of the former address: %+v", v)
	}
	underWay.Guess.Browser = newLimitKey()
	done := driver.Settlement{
		User: u.ID, Identifier: strings.ToLower(u.Email), Browser: underWay.Guess.Browser, Keep: time.Hour, Limit: 20,
	}
	if s.settle(t, underWay, done) || s.count1(t, underWay).Known {
		t.Error("a login that was under way made a device known at the former address")
	}
	if done.Identifier = "new." + done.Identifier; !s.settle(t, underWay, done) {
		t.Error("no device is known at the new address")
	}
}

// Whatever the database's default isolation is, a transaction that must be repeated counts once.
func TestParallelGuessesAreBoundedInEveryIsolation(t *testing.T) { // SEC-39, SEC-151
	t.Parallel()
	base := newSetup(t)
	for _, isolation := range []string{"read committed", "repeatable read", "serializable"} {
		s := setupOn(newPool(t, base.pool, func(cfg *pgxpool.Config) {
			cfg.ConnConfig.RuntimeParams["default_transaction_isolation"] = isolation
		}))
		a := guessAt(newLimitKey(), newLimitKey())
		var admitted atomic.Int64
		for _, err := range together(48, func(ctx context.Context, _ int) error {
			v, err := s.db.CountAttempt(ctx, a)
			if err == nil && v.Wait == 0 {
				admitted.Add(1)
			}
			return err
		}) {
			if err != nil && !errors.Is(err, driver.ErrUnavailable) {
				t.Error(err)
			}
		}
		n := admitted.Load()
		if stored := s.count(t, `SELECT failures FROM ginauth.throttles WHERE key = $1`, a.Guess.Key[:]); n == 0 || n > 6 || int64(stored) != n {
			t.Errorf("%s: %d were admitted, and %d counted", isolation, n, stored)
		}
	}
}

// A success from a device that is being forgotten waits for that, and does not bring the device back.
func TestSuccessBringsNoForgottenDeviceBack(t *testing.T) { // SEC-43, SEC-48
	t.Parallel()
	s := newSetup(t)
	owner := s.loggedIn(t, s.user(t).ID, guessAt(newLimitKey(), newLimitKey()))
	s.count1(t, owner)
	tx, err := s.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	if _, err := tx.Exec(t.Context(), `DELETE FROM ginauth.known_devices`); err != nil {
		t.Fatal(err)
	}
	settled := make(chan bool, 1)
	go func() {
		known, _ := s.db.SettleAttempt(t.Context(), driver.Settlement{Attempt: owner, Known: true, Keep: time.Hour})
		settled <- known
	}()
	await(t, func() bool {
		return len(settled) > 0 || s.count(t, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) > 0
	})
	if len(settled) > 0 {
		t.Error("it did not wait")
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if <-settled || s.count1(t, owner).Known {
		t.Error("the device is known again")
	}
}

// Every statement about attempts and devices locks the user before devices, and nothing after them.
func TestThrottlingWaitsForNothingInACircle(t *testing.T) { // SEC-151
	t.Parallel()
	s := newSetup(t)
	watched, deadlocks := s.watched(t)
	ids, canonical := make([]driver.UserID, 4), make([]string, 4)
	for i := range ids {
		u := s.user(t)
		ids[i], canonical[i] = u.ID, strings.ToLower(u.Email)
	}
	rates := []driver.RateLimit{{Key: newLimitKey(), Every: time.Microsecond, Burst: 1000}, {Key: newLimitKey(), Every: time.Microsecond, Burst: 1000}}
	keys := []driver.LimitKey{newLimitKey(), newLimitKey(), newLimitKey(), newLimitKey()}
	logIn := func(ctx context.Context, u int, known driver.LimitKey) (driver.LimitKey, error) {
		a := guessAt(keys[u], driver.LimitKey{byte(u + 1)})
		a.Guess.Free, a.Guess.Max, a.Guess.Browser, a.Rates = 1000, 1000, known, rates
		v, _, _, err := watched.CountAndFindCredential(ctx, a, canonical[u])
		if err != nil {
			return known, err
		}
		done := driver.Settlement{Attempt: a, Known: v.Known, User: ids[u], Identifier: canonical[u], Keep: time.Hour, Limit: 3}
		if !v.Known {
			known = newLimitKey()
			done.Browser = known
		}
		n := driver.NewSession{
			Digest: newDigest(), UserID: ids[u], Lifetime: time.Hour, IdleTimeout: time.Hour, Limit: 3,
			Settles: &done,
		}
		_, err = watched.CreateSession(ctx, n)
		return known, err
	}
	errs := together(32, func(ctx context.Context, i int) error {
		u := i % len(ids)
		var device driver.LimitKey
		for range 8 {
			var err error
			switch i % 8 {
			case 0:
				err = watched.RevokeUserSessions(ctx, ids[u], "")
			case 5:
				_, err = watched.Sweep(ctx)
			default:
				device, err = logIn(ctx, u, device)
			}
			if err != nil && !errors.Is(err, driver.ErrNoUser) {
				return err
			}
		}
		if i%16 == 15 {
			return watched.DeleteUser(ctx, ids[u])
		}
		return nil
	})
	for _, err := range errs {
		if err != nil && !errors.Is(err, driver.ErrNoUser) {
			t.Error(err)
		}
	}
	if n := deadlocks.Load(); n != 0 {
		t.Errorf("%d deadlocks", n)
	}
}
