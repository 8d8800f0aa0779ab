package driver

import (
	"context"
	"crypto/sha256"
	"errors"
	"strings"
	"unicode/utf8"
)

// ErrUnknownRealm is for functions that tell a request's realm. It means that there is no such
// realm.
var ErrUnknownRealm = errors.New("no such realm")

// maxRealm is the longest realm, in bytes: the length of a host name (RFC 1035, 2.3.4).
const maxRealm = 255

// RealmKey is the key of the realm in a context. It is a text, under which a gin.Context keeps
// values too: so a call with a gin.Context is in the realm of its request.
const RealmKey = "github.com/ginauth/ginauth realm"

// WithRealm returns a context in which everything happens in a realm, the tenant of an app that
// serves several. Users of different realms may have the same address or username: a call about an
// identifier means the user of the realm of its context. Ids are unique in all realms together, so
// a call about an id needs no realm; only those of an External are unique in their realm. Without
// WithRealm, the realm is "". Use CheckRealm for a realm that does not come from ginauth.
func WithRealm(ctx context.Context, realm string) context.Context {
	if realm == Realm(ctx) {
		return ctx
	}
	return context.WithValue(ctx, RealmKey, realm) //nolint:revive,staticcheck // a gin.Context has texts alone for keys
}

// Realm returns the realm of a context, "" by default.
func Realm(ctx context.Context) string {
	realm, _ := ctx.Value(RealmKey).(string)
	return realm
}

// Realms is a store that keeps realms apart, as WithRealm describes. A store without it may ignore
// the realm, and find the users of other tenants.
type Realms interface {
	// KeepsRealms returns nil, or says what the store lacks.
	KeepsRealms() error
}

// CheckRealm returns an error for a text that cannot be a realm: longer than 255 bytes, not UTF-8,
// with a NUL, or with blanks at its ends. Realms are compared byte by byte.
func CheckRealm(realm string) error {
	switch {
	case len(realm) > maxRealm:
		return errors.New("the realm is longer than 255 bytes")
	case !utf8.ValidString(realm) || strings.ContainsRune(realm, 0):
		return errors.New("the realm is no text: it must be UTF-8 without NUL")
	case strings.TrimSpace(realm) != realm:
		return errors.New("the realm begins or ends with a blank")
	}
	return nil
}

// In returns the digest under which a credential is stored in a realm: a hash of both. So a
// credential of one realm finds nothing in another. In the realm "" it is the digest itself.
func (d Digest) In(realm string) Digest {
	if realm == "" || d == (Digest{}) {
		return d
	}
	text := append([]byte("ginauth realm\x00"), d[:]...)
	return sha256.Sum256(append(text, realm...))
}

// In returns the key under which a refresh token is stored in a realm; see Digest.In.
func (k RefreshKey) In(realm string) RefreshKey {
	return RefreshKey{Selector: k.Selector.In(realm), Digest: k.Digest.In(realm)}
}
