package apikey_test

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// stubStore knows no key, or answers every digest with user, and counts how often it is asked.
type stubStore struct {
	driver.APIKeys[user]
	user    *user
	idle    time.Duration // since the key's last use
	calls   int
	touches int
}

func (s *stubStore) FindAPIKey(context.Context, driver.Digest) (user, driver.APIKey, error) {
	s.calls++
	if s.user == nil {
		return user{}, driver.APIKey{}, driver.ErrNoAPIKey
	}
	now := time.Unix(1<<32, 0)
	return *s.user, driver.APIKey{ID: "1", UserID: s.user.ID, ReadAt: now, LastUsedAt: now.Add(-s.idle)}, nil
}

func (s *stubStore) TouchAPIKey(context.Context, driver.APIKeyID, time.Duration) error {
	s.touches++
	return nil
}

var errBroken = errors.New("broken")

// quiet is for what need not be read.
var quiet = slog.New(slog.DiscardHandler)
