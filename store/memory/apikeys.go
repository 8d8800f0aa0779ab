package memory

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// keptExpired is how long an expired key stays in the user's list.
const keptExpired = 30 * 24 * time.Hour

type apiKey struct {
	driver.APIKey
	digest driver.Digest
}

func (k *apiKey) live(now time.Time) bool { return k.ExpiresAt.IsZero() || k.ExpiresAt.After(now) }

func (k *apiKey) forgotten(now time.Time) bool {
	return !k.ExpiresAt.IsZero() && k.ExpiresAt.Before(now.Add(-keptExpired))
}

func (k *apiKey) at(now time.Time) driver.APIKey {
	r := k.APIKey
	r.UserID, r.Scopes, r.ReadAt = ownID(k.UserID), slices.Clone(k.Scopes), now
	return r
}

// CreateAPIKey implements driver.APIKeys.
func (s *Store[U]) CreateAPIKey(ctx context.Context, n driver.NewAPIKey) (driver.APIKey, error) {
	noScope := func(s string) bool { return s == "" || strings.ContainsFunc(s, unicode.IsSpace) }
	if n.Digest == (driver.Digest{}) || n.Lifetime < 0 || n.Limit < 0 || slices.ContainsFunc(n.Scopes, noScope) {
		return driver.APIKey{}, errors.New("creating an API key: it needs a digest, no negative lifetime or limit, and scopes without blanks")
	}
	id, err := uuid.NewRandom()
	if err != nil {
		return driver.APIKey{}, err
	}
	now, err := s.enter(ctx)
	if err != nil {
		return driver.APIKey{}, err
	}
	defer s.leave()
	n.UserID = s.key(ctx, n.UserID)
	if _, err := s.admit(driver.NewSession{UserID: n.UserID}, now); err != nil {
		return driver.APIKey{}, err
	}
	live := 0
	for _, k := range s.keysOf(n.UserID) {
		switch {
		case k.live(now):
			live++
		case k.forgotten(now):
			delete(s.keys, k.digest)
		}
	}
	if n.Limit > 0 && live >= n.Limit {
		return driver.APIKey{}, driver.ErrTooManyAPIKeys
	}
	if s.keys[n.Digest] != nil {
		return driver.APIKey{}, errors.New("creating an API key: the digest exists already")
	}
	if err := s.room(len(s.keys)); err != nil {
		return driver.APIKey{}, err
	}
	k := &apiKey{digest: n.Digest, APIKey: driver.APIKey{
		ID: driver.APIKeyID(id.String()), UserID: n.UserID, Name: n.Name, Scopes: append([]string{}, n.Scopes...), Start: n.Start, CreatedAt: now,
	}}
	if n.Lifetime > 0 {
		k.ExpiresAt = now.Add(n.Lifetime)
	}
	s.keys[n.Digest] = k
	s.record(now, detailed(driver.NewEvent(ctx, driver.TokenCreated, n.UserID), "api_key", string(k.ID)))
	return k.at(now), nil
}

// keysOf returns the user's keys, the newest first.
func (s *Store[U]) keysOf(user driver.UserID) (list []*apiKey) {
	for _, k := range s.keys {
		if k.UserID == user {
			list = append(list, k)
		}
	}
	slices.SortFunc(list, func(a, b *apiKey) int { return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(a.ID, b.ID)) })
	return list
}

// FindAPIKey implements driver.APIKeys.
func (s *Store[U]) FindAPIKey(ctx context.Context, d driver.Digest) (U, driver.APIKey, error) {
	var none U
	now, err := s.enter(ctx)
	if err != nil {
		return none, driver.APIKey{}, err
	}
	defer s.leave()
	k := s.keys[d]
	if k == nil || !k.live(now) || s.epochOf(k.UserID) < 0 {
		return none, driver.APIKey{}, driver.ErrNoAPIKey
	}
	return s.user(s.users[k.UserID]), k.at(now), nil
}

// TouchAPIKey implements driver.APIKeys.
func (s *Store[U]) TouchAPIKey(ctx context.Context, id driver.APIKeyID, interval time.Duration) error {
	now, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer s.leave()
	for _, k := range s.keys {
		if k.ID == id && (k.LastUsedAt.IsZero() || !k.LastUsedAt.After(now.Add(-interval))) {
			k.LastUsedAt = now
		}
	}
	return nil
}

// UserAPIKeys implements driver.APIKeys. It returns at most 1000 keys. Expired keys stay in the
// list for 30 days.
func (s *Store[U]) UserAPIKeys(ctx context.Context, user driver.UserID) ([]driver.APIKey, error) {
	now, err := s.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer s.leave()
	user = s.key(ctx, user)
	var list []driver.APIKey
	for _, k := range s.keysOf(user) {
		list = append(list, k.at(now))
	}
	return list[:min(len(list), maxListed)], nil
}

// RevokeAPIKey implements driver.APIKeys.
func (s *Store[U]) RevokeAPIKey(ctx context.Context, user driver.UserID, id driver.APIKeyID) error {
	now, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer s.leave()
	user = s.key(ctx, user)
	for _, k := range s.keysOf(user) {
		if k.ID == id {
			delete(s.keys, k.digest)
			s.record(now, detailed(driver.NewEvent(ctx, driver.TokenRevoked, user), "api_key", string(id)))
			return nil
		}
	}
	return driver.ErrNoAPIKey
}

// RevokeUserAPIKeys implements driver.APIKeys.
func (s *Store[U]) RevokeUserAPIKeys(ctx context.Context, user driver.UserID) error {
	now, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer s.leave()
	user = s.key(ctx, user)
	if n := s.dropKeys(user); n > 0 {
		s.record(now, detailed(driver.NewEvent(ctx, driver.TokenRevoked, user), "api_keys", strconv.Itoa(n)))
	}
	return nil
}

func (s *Store[U]) dropKeys(user driver.UserID) int {
	list := s.keysOf(user)
	for _, k := range list {
		delete(s.keys, k.digest)
	}
	return len(list)
}
