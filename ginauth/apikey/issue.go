package apikey

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/flow"
	"github.com/ginauth/ginauth/ginauth/internal/label"
)

// maxName is the maximum length of a key's name, in characters.
const maxName = 100

// Request describes a new key.
type Request struct {
	// Name is what its user calls the key: 1 to 100 characters.
	Name string `json:"name" validate:"required" maxLength:"100" example:"deployment"`
	// Scopes limit what the key may be used for: at most 50. With none, it may use what
	// ginauth.AnyScope guards.
	Scopes []string `json:"scopes" validate:"optional,max=50"`
	// ExpiresInDays is the key's lifetime. Zero: Options.Lifetime.
	ExpiresInDays int `json:"expires_in_days" validate:"optional" minimum:"0"`
	// NeverExpires asks for a key that never expires, which Options.SkipExpiry must allow.
	NeverExpires bool `json:"never_expires" validate:"optional"`
} //	@name	APIKeyRequest

// Issue makes a new key for the current user. It returns the key, only this time, and what the
// store keeps of it. Issue is Create for pages of your own; its errors are for ginauth.Fail. It
// refuses a credential with scopes.
func Issue[U any](c *gin.Context, keys *Keys[U], r Request) (Key, driver.APIKey, error) {
	if keys == nil {
		return Key{}, driver.APIKey{}, errors.New("apikey.Issue: the Keys are nil: check the error of apikey.New")
	}
	user, err := owner[U](c)
	if err != nil {
		return Key{}, driver.APIKey{}, err
	}
	n, err := keys.record(r)
	if err != nil {
		return Key{}, driver.APIKey{}, err
	}
	key, err := NewKey(keys.o.Prefix)
	if err != nil {
		return Key{}, driver.APIKey{}, fmt.Errorf("issuing an API key: %w", err)
	}
	ctx := ginauth.AuditContext(c)
	n.UserID, n.Digest, n.Start = user, key.Digest().In(driver.Realm(ctx)), key.Start()
	record, err := keys.o.Store.CreateAPIKey(ctx, n)
	if err == nil {
		err = stillOwner(c, keys, record)
	}
	switch {
	case errors.Is(err, driver.ErrTooManyAPIKeys):
		return Key{}, driver.APIKey{}, errTooMany
	case errors.Is(err, driver.ErrNoUser): // the user was disabled or deleted while the request ran
		return Key{}, driver.APIKey{}, ginauth.ErrUnauthenticated
	case err != nil:
		return Key{}, driver.APIKey{}, err
	}
	flow.LogEvent(c, driver.TokenCreated, "user_id", user, "key_id", record.ID, "expires_at", record.ExpiresAt)
	return key, record, nil
}

// stillOwner revokes the new key if its maker's login has just ended, which is possible because the
// body may come slowly. Whatever ended the login may also have ended all keys, and must not miss
// this one (SEC-186).
func stillOwner[U any](c *gin.Context, keys *Keys[U], made driver.APIKey) error {
	_, ended := ginauth.Recheck[U](c)
	if ended == nil {
		return nil
	}
	ctx := context.WithoutCancel(ginauth.AuditContext(c))
	if err := keys.o.Store.RevokeAPIKey(ctx, made.UserID, made.ID); err != nil && !errors.Is(err, driver.ErrNoAPIKey) {
		return fmt.Errorf("%w: the API key %s of a login that has ended lives on: %w", ended, made.ID, err)
	}
	return ended
}

// owner returns the current user, unless a key or another credential with scopes sent the request:
// a stolen one must not make keys that may do more or live longer, and must neither list nor end
// the others.
func owner[U any](c *gin.Context) (driver.UserID, error) {
	if _, err := ginauth.CurrentUser[U](c); err != nil { // on an excluded route, the backends are asked only now
		return "", err
	}
	if _, byKey := used(c); byKey {
		return "", errSessionRequired
	}
	auth, err := flow.CurrentOwner(c, 0)
	return auth.Account.ID, err
}

// record checks all rules of a request that binding tags cannot express.
func (k *Keys[U]) record(r Request) (driver.NewAPIKey, error) {
	name, faults := cleanName(r.Name)
	faults = append(faults, k.checkScopes(r.Scopes)...)
	lifetime, more := k.lifetime(r)
	faults = append(faults, more...)
	if len(faults) > 0 {
		return driver.NewAPIKey{}, ginauth.Invalid(faults...)
	}
	return driver.NewAPIKey{Name: name, Scopes: cleanScopes(r.Scopes), Lifetime: lifetime, Limit: k.o.MaxKeys}, nil
}

func cleanName(name string) (string, []ginauth.FieldError) {
	name = strings.TrimSpace(name)
	switch {
	case name == "":
		return "", fieldError("name", "required", "name is required")
	case utf8.RuneCountInString(name) > maxName:
		return "", fieldError("name", "too_long", fmt.Sprintf("name must have at most %d characters", maxName))
	case !label.Fit(name):
		return "", fieldError("name", "invalid", "name contains characters that cannot be used")
	}
	return name, nil
}

func (k *Keys[U]) checkScopes(scopes []string) []ginauth.FieldError {
	if len(scopes) > maxScopes {
		return fieldError("scopes", "too_many", fmt.Sprintf("scopes must be at most %d", maxScopes))
	}
	for _, scope := range scopes {
		switch {
		case !isScope(scope):
			return fieldError("scopes", "invalid", "a scope must be visible ASCII without quotation mark and backslash, and not too long")
		case k.o.Scopes != nil && !slices.Contains(k.o.Scopes, scope):
			return fieldError("scopes", "unknown", "there is no such scope")
		}
	}
	return nil
}

func (k *Keys[U]) lifetime(r Request) (time.Duration, []ginauth.FieldError) {
	longest := int(k.o.MaxLifetime / day)
	switch {
	case r.NeverExpires && !k.o.SkipExpiry:
		return 0, fieldError("never_expires", "refused", "a key must expire")
	case r.NeverExpires && r.ExpiresInDays != 0:
		return 0, fieldError("never_expires", "contradiction", "a key that never expires has no days to live")
	case r.NeverExpires:
		return 0, nil
	case r.ExpiresInDays == 0:
		return k.o.Lifetime, nil
	case r.ExpiresInDays < 0 || r.ExpiresInDays > longest:
		return 0, fieldError("expires_in_days", "out_of_range", fmt.Sprintf("expires_in_days must be between 1 and %d", longest))
	}
	return time.Duration(r.ExpiresInDays) * day, nil
}

func fieldError(field, code, detail string) []ginauth.FieldError {
	return []ginauth.FieldError{{Field: field, Code: code, Detail: detail}}
}
