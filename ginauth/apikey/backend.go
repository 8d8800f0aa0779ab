package apikey

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/bearer"
)

const keyHeader = "X-Api-Key" // in canonical form

// Backend returns the backend that authenticates requests by an API key in the header
// "Authorization: Bearer", in any case, or "X-API-Key". If a request has neither, or a bearer token
// without the prefix of the keys, it has no credentials of this kind. Keys that are malformed,
// unknown, expired or revoked, several headers of one name, and two different keys are
// ginauth.ErrBadCredentials. The Principal's Credential is the key's driver.APIKey, its Scopes are
// never nil, and it is never Fresh. A request costs one statement, and at most once per
// Options.TouchEvery of its key a second one. Backend panics when keys is nil.
func Backend[U any](keys *Keys[U]) ginauth.Backend[U] {
	keys.mounted("Backend")
	return &backend[U]{keys: keys, log: keys.cfg.Options().Logger}
}

type backend[U any] struct {
	keys *Keys[U]
	log  *slog.Logger
	// untouched is the time, by the store's clock, until which no use is written because the last
	// write failed.
	untouched atomic.Int64
}

func (b *backend[U]) Scheme() ginauth.Scheme {
	return ginauth.Scheme{
		Name: "apiKey", Type: "http", HTTP: "bearer", BearerFormat: "API key", Prefix: b.keys.o.Prefix, Scoped: true,
		Description: "An API key, which begins with " + b.keys.o.Prefix + ". The header X-API-Key takes it too.",
	}
}

func (b *backend[U]) Authenticate(c *gin.Context) (p ginauth.Principal[U], err error) {
	if c.Request == nil {
		return p, ginauth.ErrNoCredentials
	}
	sent, err := presented(c.Request.Header, b.keys.o.Prefix)
	if errors.Is(err, ginauth.ErrNoCredentials) {
		return p, err
	}
	key, ok := ParseKey(b.keys.o.Prefix, sent)
	if err != nil || !ok {
		// The text may be anything, even a password: not even its hash is logged.
		return p, fmt.Errorf("%w: malformed API key", ginauth.ErrBadCredentials)
	}
	ctx := c.Request.Context()
	user, record, err := b.keys.o.Store.FindAPIKey(ctx, key.Digest().In(driver.Realm(ctx)))
	if err == nil {
		if !b.keys.cfg.Account(user).Usable() {
			err = driver.ErrNoAPIKey // SEC-76, whatever the store says
		}
	}
	if errors.Is(err, driver.ErrNoAPIKey) {
		return p, fmt.Errorf("%w: API key %s: %w", ginauth.ErrBadCredentials, key.Digest(), err)
	}
	if err != nil {
		return p, err
	}
	b.touch(c, record)
	record.Scopes = cleanScopes(record.Scopes)
	c.Set(usedKey{}, record)
	return ginauth.Principal[U]{User: user, Credential: record, Scopes: record.Scopes}, nil
}

// touch never fails a request, because its key is valid. If the database is read-only, only some
// requests try to write.
func (b *backend[U]) touch(c *gin.Context, r driver.APIKey) {
	if r.ReadAt.Sub(r.LastUsedAt) < b.keys.o.TouchEvery || r.ReadAt.UnixNano() < b.untouched.Load() {
		return
	}
	ctx := c.Request.Context()
	if err := b.keys.o.Store.TouchAPIKey(ctx, r.ID, b.keys.o.TouchEvery); err != nil && ctx.Err() == nil {
		b.untouched.Store(r.ReadAt.Add(b.keys.o.TouchEvery).UnixNano())
		b.log.WarnContext(ctx, "ginauth: the use of an API key was not written down", "key_id", r.ID, "error", err)
	}
}

// presented returns the one key in the request's headers. Any content of X-API-Key is for this
// backend. An Authorization header is for it if the token has the prefix, or if it contradicts
// X-API-Key.
func presented(h http.Header, prefix string) (string, error) {
	named, authorization := h[keyHeader], h["Authorization"]
	if len(named) == 0 && !mentions(authorization, prefix) {
		return "", ginauth.ErrNoCredentials
	}
	if len(named) > 1 || len(authorization) > 1 {
		return "", ginauth.ErrBadCredentials
	}
	if len(authorization) == 0 {
		return named[0], nil
	}
	borne, wellFormed := bearer.Token(authorization[0])
	_, isBearer := afterScheme(authorization[0])
	switch {
	case isBearer && !wellFormed, isBearer && len(named) == 1 && borne != named[0]:
		return "", ginauth.ErrBadCredentials
	case len(named) == 0:
		return borne, nil
	}
	return named[0], nil
}

// mentions tells whether an Authorization header has a key of ours, well-formed or not.
func mentions(authorization []string, prefix string) bool {
	for _, value := range authorization {
		token, ok := afterScheme(value)
		if ok && strings.HasPrefix(strings.TrimLeft(token, " \t"), prefix) {
			return true
		}
	}
	return false
}

// afterScheme returns the text after the scheme, also if it is badly written, so that a key after a
// tab is not left to another backend.
func afterScheme(value string) (string, bool) {
	const scheme = "Bearer"
	if len(value) < len(scheme) || !strings.EqualFold(value[:len(scheme)], scheme) {
		return "", false
	}
	return value[len(scheme):], true
}
