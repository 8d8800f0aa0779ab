package memory

import (
	"context"
	"errors"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
)

// throttle counts by one key. Until is when a rate's budget is full again, or when the next guess
// is allowed.
type throttle struct {
	until, expires time.Time
	failures, run  int
	client         driver.LimitKey // the client that made the last guesses in a row
}

func (t *throttle) lastBy(client driver.LimitKey) bool {
	return t.client == client && client != driver.LimitKey{}
}

// CountAttempt implements driver.Limiter.
func (s *Store[U]) CountAttempt(ctx context.Context, a driver.Attempt) (driver.Verdict, error) {
	for _, r := range a.Rates {
		if r.Every <= 0 || r.Burst <= 0 {
			return driver.Verdict{}, errors.New("counting an attempt: a rate needs a time and a burst above zero")
		}
	}
	now, err := s.enter(ctx)
	if err != nil {
		return driver.Verdict{}, err
	}
	defer s.leave()
	return s.countAttempt(a, now)
}

// CountAndFindCredential implements driver.CredentialLimiter.
func (s *Store[U]) CountAndFindCredential(ctx context.Context, a driver.Attempt, identifier string) (driver.Verdict, U, password.Hash, error) {
	v, err := s.CountAttempt(ctx, a)
	if err != nil || v.Wait > 0 {
		var none U
		return v, none, password.Hash{}, err
	}
	u, hash, err := s.FindCredential(ctx, identifier)
	return v, u, hash, err
}

func (s *Store[U]) countAttempt(a driver.Attempt, now time.Time) (v driver.Verdict, err error) {
	for _, r := range a.Rates {
		full := now
		if t := s.throttles[r.Key]; t != nil {
			full = later(t.until, now)
		}
		v.Wait = max(v.Wait, full.Add(r.Every).Sub(now.Add(r.Every*time.Duration(r.Burst))))
	}
	g := a.Guess
	d := s.knownDevice(g, now)
	if t := s.throttles[g.Key]; d == nil && g.Key != (driver.LimitKey{}) && t != nil && t.until.Sub(now) > v.Wait {
		v.Wait, v.Guesses = t.until.Sub(now), true
	}
	if v.Wait > 0 {
		return v, nil
	}
	if err := s.room(len(s.throttles) + len(a.Rates)); err != nil {
		return v, err
	}
	for _, r := range a.Rates {
		t := s.throttle(r.Key)
		t.until = later(t.until, now).Add(r.Every)
		t.expires = now.Add(r.Every * time.Duration(r.Burst))
	}
	switch {
	case d != nil:
		d.failures++
		v.Known = true
	case g.Key != driver.LimitKey{}:
		s.throttle(g.Key).guessed(g, now)
	}
	return v, nil
}

func (s *Store[U]) throttle(k driver.LimitKey) *throttle {
	t := s.throttles[k]
	if t == nil {
		t = &throttle{}
		s.throttles[k] = t
	}
	return t
}

func (t *throttle) guessed(g driver.GuessLimit, now time.Time) {
	switch {
	case !t.expires.After(now):
		t.failures, t.run = 0, 0
	case !t.lastBy(g.Client):
		t.run = 0
	}
	t.failures++
	t.run++
	t.client = g.Client
	t.until = now.Add(g.Wait(t.failures))
	t.expires = now.Add(g.Memory * time.Duration(t.failures))
}

// SettleAttempt implements driver.Limiter.
func (s *Store[U]) SettleAttempt(ctx context.Context, done driver.Settlement) (known bool, err error) {
	now, err := s.enter(ctx)
	if err != nil {
		return false, err
	}
	defer s.leave()
	return s.settle(ctx, done, now)
}

func (s *Store[U]) settle(ctx context.Context, done driver.Settlement, now time.Time) (known bool, err error) {
	done.User = s.key(ctx, done.User)
	g := done.Attempt.Guess
	if done.Known {
		return s.useDevice(g.Browser, done.Keep, now), nil
	}
	if done.Browser != (driver.LimitKey{}) && done.Limit > 0 {
		if known, err = s.rememberDevice(done, now); err != nil {
			return false, err
		}
	}
	t := s.throttles[g.Key]
	if t == nil || g.Key == (driver.LimitKey{}) {
		return known, nil
	}
	run := 1
	if t.lastBy(g.Client) {
		run = t.run
		t.until = now
	}
	t.failures -= run
	t.client, t.run = driver.LimitKey{}, 0
	if done.All || t.failures <= 0 {
		delete(s.throttles, g.Key)
	}
	return known, nil
}
