package memory

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// session is live as long as its epoch equals that of its user, which changes when all sessions of
// the user end.
type session struct {
	driver.Session
	epoch int64

	previous      driver.Digest // before the last rotation
	previousUntil time.Time     // zero: the rotation had no grace
	replacedFrom  client
	elsewhere     bool // another client was noticed within the grace
}

// at returns the session's record at this time.
func (r *session) at(now time.Time) driver.Session {
	record := r.Session
	record.UserID, record.Data, record.ReadAt = ownID(r.UserID), bytes.Clone(r.Data), now
	return record
}

func (r *session) expired(now time.Time) bool {
	return !r.ExpiresAt.After(now) || !r.LastSeenAt.Add(r.IdleTimeout).After(now)
}

// epochOf returns the epoch of a live session of the user, or of an anonymous one. It is -1 if
// there can be none.
func (s *Store[U]) epochOf(user driver.UserID) int64 {
	if user == "" {
		return s.everybody
	}
	if a := s.users[user]; a != nil && a.DisabledAt == nil {
		return s.everybody + a.epoch
	}
	return -1
}

func (s *Store[U]) live(r *session, now time.Time) bool {
	return r != nil && !r.expired(now) && r.epoch == s.epochOf(r.UserID)
}

// find returns a live session. It deletes a session that has expired.
func (s *Store[U]) find(d driver.Digest, now time.Time) *session {
	r := s.sessions[d]
	switch {
	case r == nil || r.epoch != s.epochOf(r.UserID):
		return nil
	case r.expired(now):
		s.drop(r)
		return nil
	}
	return r
}

func (s *Store[U]) drop(r *session) {
	delete(s.sessions, r.Digest)
	if s.rotated[r.previous] == r {
		delete(s.rotated, r.previous)
	}
}

// FindSession implements driver.Sessions.
func (s *Store[U]) FindSession(ctx context.Context, d driver.Digest) (driver.Session, error) {
	now, err := s.enter(ctx)
	if err != nil {
		return driver.Session{}, err
	}
	defer s.leave()
	if r := s.find(d, now); r != nil {
		return r.at(now), nil
	}
	return driver.Session{}, driver.ErrNoSession
}

// FindUserSession implements driver.SessionFinder.
func (s *Store[U]) FindUserSession(ctx context.Context, d driver.Digest) (U, driver.Session, error) {
	var none U
	now, err := s.enter(ctx)
	if err != nil {
		return none, driver.Session{}, err
	}
	defer s.leave()
	r := s.find(d, now)
	if r == nil || r.UserID == "" {
		return none, driver.Session{}, driver.ErrNoSession
	}
	return s.user(s.users[r.UserID]), r.at(now), nil
}

// CreateSession implements driver.Sessions. It settles n.Settles, and with Options.Mail tells the
// user about a new device.
func (s *Store[U]) CreateSession(ctx context.Context, n driver.NewSession) (driver.Session, error) {
	data, err := dataOf(n)
	if err != nil {
		return driver.Session{}, err
	}
	now, err := s.enter(ctx)
	if err != nil {
		return driver.Session{}, err
	}
	defer s.leave()
	return s.create(ctx, now, n, data, func(*session) error { return nil })
}

// dataOf returns the data of a new session, or an error if its fields are incomplete.
func dataOf(n driver.NewSession) (json.RawMessage, error) {
	if n.Digest == (driver.Digest{}) || n.Lifetime <= 0 || n.IdleTimeout <= 0 || n.Limit < 0 || n.Pending != (driver.Digest{}) && n.UserID == "" {
		return nil, errors.New("creating a session: it needs a digest, a lifetime and an idle timeout, and no negative limit")
	}
	return mergeData(nil, n.Data, nil)
}

// create stores a session. Before that it calls complete, which is the last step that may refuse
// the session.
func (s *Store[U]) create(ctx context.Context, now time.Time, n driver.NewSession, data json.RawMessage, complete func(*session) error) (driver.Session, error) {
	id, err := uuid.NewRandom()
	if err != nil {
		return driver.Session{}, err
	}
	n.UserID = s.key(ctx, n.UserID)
	if n.UserID != "" {
		if err := s.mayLogIn(n, now); err != nil {
			return driver.Session{}, err
		}
	}
	if s.sessions[n.Digest] != nil {
		return driver.Session{}, errors.New("creating a session: the digest exists already")
	}
	if err := s.room(len(s.sessions)); err != nil {
		return driver.Session{}, err
	}
	r := &session{epoch: s.epochOf(n.UserID), Session: driver.Session{
		ID: driver.SessionID(id.String()), Digest: n.Digest, UserID: n.UserID, Data: data,
		CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(n.Lifetime), IdleTimeout: n.IdleTimeout,
		Persistent: n.Persistent, Origin: cutOrigin(n.Origin),
	}}
	if n.UserID != "" || n.Authenticated {
		r.AuthenticatedAt = now
	}
	if r.Methods, r.Provider = n.Methods, n.Provider; n.SecondFactor || n.Pending != (driver.Digest{}) {
		r.SecondFactorAt = now
	}
	if err := complete(r); err != nil {
		return driver.Session{}, err
	}
	s.replace(n.Replaces)
	delete(s.pendings, n.Pending)
	s.sessions[n.Digest] = r
	record := r.at(now)
	if n.UserID != "" {
		s.loggedIn(ctx, now, n, &record)
	}
	return record, nil
}

// mayLogIn returns an error unless the user may log in, and has proved a second factor where there is
// one.
func (s *Store[U]) mayLogIn(n driver.NewSession, now time.Time) error {
	_, err := s.admit(n, now)
	unproved := s.proved(n.UserID, n.Pending, n.SecondFactor, now)
	if err != nil && n.Pending == (driver.Digest{}) {
		return err
	}
	return cmp.Or(unproved, err)
}

func (s *Store[U]) replace(d driver.Digest) {
	for _, r := range []*session{s.sessions[d], s.rotated[d]} {
		if r != nil {
			s.drop(r)
		}
	}
}

// loggedIn does what follows from a login.
func (s *Store[U]) loggedIn(ctx context.Context, now time.Time, n driver.NewSession, record *driver.Session) {
	if n.Limit > 0 {
		record.Evicted = s.evict(n, now)
	}
	if a := s.users[n.UserID]; n.NewBrowser && s.hasDevice(n.UserID) { // before this device becomes known
		s.tell(now, a, driver.MailNewBrowser, "")
	}
	if n.Settles != nil {
		known, err := s.settle(ctx, *n.Settles, now)
		record.Settled, record.KnownBrowser = err == nil, known
	}
	s.record(now, loginOf(ctx, n.UserID, n.Digest.String(), record.Origin, n.Methods))
}

// evict ends the sessions beyond the limit, those not seen for the longest time first, but never
// the new one.
func (s *Store[U]) evict(n driver.NewSession, now time.Time) (evicted int64) {
	list := s.ofUser(n.UserID, now)
	slices.SortStableFunc(list, func(a, b *session) int {
		switch n.Digest {
		case a.Digest:
			return -1
		case b.Digest:
			return 1
		}
		return newest(a, b)
	})
	for _, r := range list[min(n.Limit, len(list)):] {
		s.drop(r)
		evicted++
	}
	return evicted
}

// ofUser returns the live sessions of a user, the one seen last first.
func (s *Store[U]) ofUser(user driver.UserID, now time.Time) (list []*session) {
	for _, r := range s.sessions {
		if r.UserID == user && user != "" && s.live(r, now) {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, newest)
	return list
}

func newest(a, b *session) int {
	return cmp.Or(b.LastSeenAt.Compare(a.LastSeenAt), b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(a.ID, b.ID))
}

// UpdateSession implements driver.Sessions.
func (s *Store[U]) UpdateSession(ctx context.Context, d driver.Digest, change driver.SessionChange) (driver.Session, error) {
	now, err := s.enter(ctx)
	if err != nil {
		return driver.Session{}, err
	}
	defer s.leave()
	r := s.sessions[d]
	if !s.live(r, now) {
		return driver.Session{}, driver.ErrNoSession
	}
	data := r.Data
	switch {
	case len(change.Set) > 0 || len(change.Unset) > 0:
		if data, err = mergeData(r.Data, change.Set, change.Unset); err != nil {
			return driver.Session{}, err
		}
	case change.UnlessSeenFor > 0 && r.LastSeenAt.Add(change.UnlessSeenFor).After(now):
		return driver.Session{}, driver.ErrNoSession
	}
	rotates := change.Digest != driver.Digest{}
	if rotates && s.sessions[change.Digest] != nil {
		return driver.Session{}, errors.New("updating a session: the new digest exists already")
	}
	if !bytes.Equal(data, r.Data) {
		r.Data = data
		r.Version++
	}
	r.LastSeenAt = later(r.LastSeenAt, now)
	if rotates {
		var until time.Time
		if change.Grace > 0 {
			until = now.Add(change.Grace)
		}
		s.rotate(r, change.Digest, until)
		r.replacedFrom, r.elsewhere = clientOf(ctx), false
	}
	if change.Authenticated && r.UserID != "" {
		r.AuthenticatedAt = later(r.AuthenticatedAt, now)
		if r.Methods = r.Methods.And(change.Methods); change.SecondFactor {
			r.SecondFactorAt = later(r.SecondFactorAt, now)
		}
		s.record(now, loginOf(ctx, r.UserID, r.Digest.String(), driver.NewEvent(ctx, "", "").Origin, change.Methods))
	}
	return r.at(now), nil
}

// rotate gives the session a new digest. Until is when the old one becomes invalid; with zero it is
// forgotten.
func (s *Store[U]) rotate(r *session, d driver.Digest, until time.Time) {
	s.drop(r)
	r.previous, r.previousUntil, r.Digest = r.Digest, until, d
	s.sessions[d], s.rotated[r.previous] = r, r
}

// DeleteSession implements driver.Sessions. A logout that a rotation has overtaken still ends the
// session.
func (s *Store[U]) DeleteSession(ctx context.Context, d driver.Digest) error {
	now, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer s.leave()
	r := cmp.Or(s.sessions[d], s.rotated[d])
	if r == nil {
		return nil
	}
	s.drop(r)
	if r.UserID != "" && r.epoch == s.epochOf(r.UserID) {
		e := driver.NewProofEvent(ctx, driver.LoggedOut, r.UserID)
		e.Session = d.String()
		s.record(now, e)
	}
	return nil
}

// FindRotated implements driver.Sessions.
func (s *Store[U]) FindRotated(ctx context.Context, d driver.Digest) (driver.Session, error) {
	now, err := s.enter(ctx)
	if err != nil {
		return driver.Session{}, err
	}
	defer s.leave()
	r := s.rotated[d]
	if !s.live(r, now) || r.previousUntil.IsZero() {
		return driver.Session{}, driver.ErrNoSession
	}
	record := r.at(now)
	switch {
	case !r.previousUntil.After(now):
		s.drop(r)
		s.lateUse(ctx, now, driver.TokenReused, r.UserID, d.String())
		return record, driver.ErrTokenReused
	case !r.elsewhere && r.replacedFrom != clientOf(ctx):
		r.elsewhere, record.Elsewhere = true, true
		s.lateUse(ctx, now, driver.TokenUsedInGrace, r.UserID, d.String())
	}
	return record, nil
}

// mergeData returns the object without the keys in unset and with those of set. Equal objects have
// equal text.
func mergeData(data, set json.RawMessage, unset []string) (json.RawMessage, error) {
	merged := map[string]any{}
	for i, object := range []json.RawMessage{data, set} {
		if i == 1 {
			for _, key := range unset {
				delete(merged, key)
			}
		}
		if len(object) == 0 {
			continue
		}
		var values map[string]any
		decoder := json.NewDecoder(bytes.NewReader(object))
		decoder.UseNumber()
		if err := decoder.Decode(&values); err != nil {
			return nil, errors.New("storing a session: its data must be a JSON object")
		}
		maps.Copy(merged, values)
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(merged); err != nil {
		return nil, errors.New("storing a session: its data must be a JSON object")
	}
	if text.Len() > maxData {
		return nil, driver.ErrSessionTooLarge
	}
	return bytes.TrimSpace(text.Bytes()), nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
