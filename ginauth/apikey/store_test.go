package apikey_test

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/gin-contrib/sessions"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/apikey"
	"github.com/ginauth/ginauth/store"
)

// refusingStore knows no key, or answers every digest with user, and counts how often it is asked.
type refusingStore struct {
	*store.DB[user]
	user    *user
	touched error
	calls   int
}

func (s *refusingStore) FindAPIKey(context.Context, ginauth.Digest) (user, apikey.Record, error) {
	s.calls++
	if s.user == nil {
		return user{}, apikey.Record{}, apikey.ErrNoKey
	}
	return *s.user, apikey.Record{ID: "1", UserID: s.user.ID, ReadAt: time.Unix(1<<32, 0)}, nil
}

func (s *refusingStore) TouchAPIKey(context.Context, apikey.ID, time.Duration) error {
	return s.touched
}

var errBroken = errors.New("broken")

// unusedSessions is a store for configurations whose sessions nobody asks for.
type unusedSessions struct {
	ginauth.SessionStore
	sessions.Store
}

// quiet is for what need not be read.
var quiet = slog.New(slog.DiscardHandler)
