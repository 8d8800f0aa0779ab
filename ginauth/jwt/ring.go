package jwt

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// KeySource finds the key that a token names. A *Ring is one, and so are the keys of another issuer
// from package jwks. It must be safe for concurrent use.
type KeySource interface {
	// FindKey returns the key of exactly that id, or ErrNoKey. In an outage it wraps
	// driver.ErrUnavailable.
	FindKey(ctx context.Context, id string) (Key, error)
}

// ErrNoKey means that a KeySource has no key of an id.
var ErrNoKey = errors.New("no such key")

// Ring is a set of keys: one of them signs, and all verify. To replace the signing key without
// refusing a token, Add the new key everywhere, wait as long as others may cache the document of
// PublicKeys, Promote it everywhere, wait for the lifetime of a token, and Retire the old one.
// Tokens of a retired key are refused at once. A Ring is safe for concurrent use; a token is signed
// and verified by one state of it.
type Ring struct {
	mu    sync.Mutex // held while the ring changes
	state atomic.Pointer[ringState]
}

// ringState never changes.
type ringState struct {
	signing  Key
	keys     []Key // in the order in which they were added
	byID     map[string]Key
	document []byte
	etag     string
}

var _ KeySource = (*Ring)(nil)

// NewRing returns a ring that signs with the key signing. The other keys only verify.
func NewRing(signing Key, verifying ...Key) (*Ring, error) {
	state, err := newRingState(signing, append([]Key{signing}, verifying...))
	if err != nil {
		return nil, err
	}
	r := &Ring{}
	r.state.Store(state)
	return r, nil
}

func newRingState(signing Key, keys []Key) (*ringState, error) {
	s := &ringState{signing: signing, keys: keys, byID: make(map[string]Key, len(keys))}
	document := jwkSet{Keys: []jwk{}}
	for _, k := range keys {
		if k.material == nil {
			return nil, errors.New("a key is the zero Key: make it by NewKey, ParseKey, ReadKey or Generate, and check their error")
		}
		if _, double := s.byID[k.id]; double {
			return nil, fmt.Errorf("two keys have the id %q: give each its own, because tokens name their key by it", k.id)
		}
		s.byID[k.id] = k
		if public := publicJWK(k.public); public.Type != "" {
			public.ID, public.Algorithm, public.Use = k.id, k.algorithm, "sig"
			document.Keys = append(document.Keys, public)
		}
	}
	if !signing.CanSign() {
		return nil, fmt.Errorf("the key %q cannot sign: it is a public key, and its private half is needed", signing.id)
	}
	s.document, _ = json.Marshal(document) // strings only
	sum := sha256.Sum256(s.document)
	s.etag = `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	return s, nil
}

// FindKey returns the key of exactly that id, or ErrNoKey.
func (r *Ring) FindKey(_ context.Context, id string) (Key, error) {
	k, ok := r.state.Load().byID[id]
	if !ok {
		return Key{}, ErrNoKey
	}
	return k, nil
}

func (r *Ring) has(id string) bool {
	_, ok := r.state.Load().byID[id]
	return ok
}

// Add adds a key that only verifies, until Promote makes it sign.
func (r *Ring) Add(k Key) error {
	return r.change(func(s *ringState) (Key, []Key, error) {
		return s.signing, append(slices.Clip(s.keys), k), nil
	})
}

// Promote makes the key of that id sign. The former key verifies from then on.
func (r *Ring) Promote(id string) error {
	return r.change(func(s *ringState) (Key, []Key, error) {
		k, ok := s.byID[id]
		if !ok {
			return Key{}, nil, fmt.Errorf("the key %q is not in the ring: add it first: %w", id, ErrNoKey)
		}
		return k, s.keys, nil
	})
}

// Retire removes the key of that id. All tokens that it has signed are refused from then on.
func (r *Ring) Retire(id string) error {
	return r.change(func(s *ringState) (Key, []Key, error) {
		if _, ok := s.byID[id]; !ok {
			return Key{}, nil, fmt.Errorf("the key %q is not in the ring: %w", id, ErrNoKey)
		}
		if s.signing.id == id {
			return Key{}, nil, fmt.Errorf("the key %q signs: promote another one before it is retired", id)
		}
		return s.signing, slices.DeleteFunc(slices.Clone(s.keys), func(k Key) bool { return k.id == id }), nil
	})
}

func (r *Ring) change(edit func(*ringState) (signing Key, keys []Key, err error)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	signing, keys, err := edit(r.state.Load())
	if err != nil {
		return err
	}
	next, err := newRingState(signing, keys)
	if err != nil {
		return err
	}
	r.state.Store(next)
	return nil
}

// keysMaxAge is how long others may cache the document, in seconds.
const keysMaxAge = "300"

// PublicKeys returns the handler that shows the public keys of the ring as a JWK set (RFC 7517),
// for services that verify the tokens themselves. It never shows a secret. Others may cache the
// document for 5 minutes. Mount it with GET on a route that needs no login, such as
// "/.well-known/jwks.json".
func PublicKeys(r *Ring) gin.HandlerFunc {
	h := route.New(route.Info{Name: "publicKeys", For: route.Everyone}, r.serve)
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// @Summary		Show the public keys
// @Description	The keys that tokens are verified with, as a JWK set (RFC 7517). May be kept for 5 minutes.
// @ID				publicKeys
// @Tags			tokens
// @Produce		application/jwk-set+json
// @Success		200	{object}	jwkSet
// @Success		304	"The client has them already (If-None-Match)."
// @Router			/.well-known/jwks.json [get]
func (r *Ring) serve(c *gin.Context) {
	s := r.state.Load()
	c.Header("Cache-Control", "public, max-age="+keysMaxAge)
	c.Header("ETag", s.etag)
	c.Header("X-Content-Type-Options", "nosniff")
	if c.GetHeader("If-None-Match") == s.etag {
		c.Status(http.StatusNotModified)
		return
	}
	c.Data(http.StatusOK, "application/jwk-set+json", s.document)
}
