package memory

import (
	"context"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// Sweep deletes entries that have ended, and archived users whose grace is over, and returns their
// number. Calls do so too, once per Options.SweepEvery.
func (s *Store[U]) Sweep(ctx context.Context) (deleted int64, err error) {
	now, err := s.enter(ctx)
	if err != nil {
		return 0, err
	}
	defer s.leave()
	return s.sweep(now), nil
}

func (s *Store[U]) sweep(now time.Time) (deleted int64) {
	s.swept = now
	before := s.entries()
	for _, r := range s.sessions {
		if r.expired(now) || r.epoch != s.epochOf(r.UserID) {
			s.drop(r)
		}
	}
	sweepMap(s.families, func(f *family) bool { return !s.liveFamily(f, now) })
	sweepMap(s.pendings, func(p *pending) bool { return !s.livePending(p, now) })
	sweepMap(s.ended, func(until time.Time) bool { return !until.After(now) })
	sweepMap(s.keys, func(k *apiKey) bool { return k.forgotten(now) })
	sweepMap(s.links, func(l *link) bool { return !l.expires.After(now) })
	sweepMap(s.throttles, func(t *throttle) bool { return !t.expires.After(now) && !t.until.After(now) })
	sweepMap(s.devices, func(d *device) bool { return !d.expires.After(now) || d.epoch != s.deviceEpoch(d.user) })
	s.dropFailed(now)
	for _, a := range s.users {
		if a.archived() && !a.deleteAfter.After(now) && s.wayBack(a.ID, now).IsZero() {
			s.remove(a)
			s.record(now, driver.Event{Kind: driver.UserDeleted, Outcome: driver.Success, User: a.ID, Operation: "sweep"})
		}
	}
	if s.isExternal() {
		s.sweepUnused(now)
	}
	for len(s.events) > 0 && !s.events[0].At.After(now.Add(-retention)) {
		s.events = s.events[1:]
	}
	return before - s.entries()
}

func sweepMap[K comparable, V any](m map[K]V, over func(V) bool) {
	for key, value := range m {
		if over(value) {
			delete(m, key)
		}
	}
}

func (s *Store[U]) entries() int64 {
	return int64(len(s.users) + len(s.sessions) + len(s.families) + len(s.pendings) + len(s.ended) + len(s.keys) + len(s.mails) + len(s.links) +
		len(s.throttles) + len(s.devices) + len(s.events))
}
