package ginauth

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
	"github.com/ginauth/ginauth/ginauth/password"
)

// userEdge gives users the type U. The engine carries each user as a *U inside an any.
type userEdge[U any] struct{ cfg *Config[U] }

// Account is Config.Account.
func (e userEdge[U]) Account(user any) (Account, error) {
	u, ok := user.(*U)
	if !ok {
		return Account{}, fmt.Errorf("%w: the user is a %T, and Session has users of the type %s", ErrNotMounted, user, reflect.TypeFor[U]())
	}
	return e.cfg.account(u), nil
}

// View is Options.View.
func (e userEdge[U]) View(user any) any {
	u, _ := user.(*U) // panics on any other type, which would be our mistake
	return e.cfg.o.View(*u)
}

// ViewType returns the type of what View makes of a zero user, or nil when View panics on it.
func (e userEdge[U]) ViewType() (t reflect.Type) {
	defer func() {
		if recover() != nil {
			t = nil
		}
	}()
	var nobody U
	return reflect.TypeOf(e.cfg.o.View(nobody))
}

// Lookup returns a fresh lookup in Users, for one claim.
func (e userEdge[U]) Lookup() engine.Lookup { return &lookup[U]{cfg: e.cfg} }

// ReplaceHash calls ReplaceHash of Users.
func (e userEdge[U]) ReplaceHash(ctx context.Context, id driver.UserID, old, fresh password.Hash) error {
	return e.cfg.o.Users.ReplaceHash(ctx, id, old, fresh)
}

// Registration returns the Registration in the Form that form points to.
func (e userEdge[U]) Registration(form any) engine.Registration {
	f, _ := reflect.ValueOf(form).Elem().Interface().(Form)
	r := f.registration()
	return engine.Registration{Name: r.Name, Email: r.Email, Username: r.Username, Password: r.Password, Remember: r.Remember}
}

// Live says whether Users has the account, it is not disabled, and it still has the credential. A
// zero credential is not compared.
func (e userEdge[U]) Live(ctx context.Context, account driver.Account, credential password.Hash) (live bool, err error) {
	u, err := e.cfg.o.Users.FindUser(ctx, account.ID)
	if err == nil && !credential.IsZero() {
		var hash password.Hash
		if canonical, invalid := e.cfg.m.Names.Canonical(e.cfg.account(&u).Identifier); invalid == nil {
			if u, hash, err = e.cfg.o.Users.FindCredential(ctx, canonical); hash.Reveal() != credential.Reveal() {
				return false, err
			}
		}
	}
	if errors.Is(err, driver.ErrNoUser) {
		return false, nil
	}
	found := e.cfg.account(&u)
	return err == nil && found.ID == account.ID && !found.Disabled, err
}

// lookup finds a user of cfg together with the password hash. Use one for each claim.
type lookup[U any] struct {
	cfg  *Config[U]
	user U
	hash password.Hash
	err  error
	has  bool // Count has found the user, for the next call of Find
}

func (l *lookup[U]) Count(ctx context.Context, a driver.Attempt, canonical string) (v driver.Verdict, err error) {
	both, ok := l.cfg.o.Limiter.(driver.CredentialLimiter[U])
	if !ok || canonical == "" || l.has || !l.cfg.m.Throttle.Finds {
		return l.cfg.o.Limiter.CountAttempt(ctx, a)
	}
	v, l.user, l.hash, l.err = both.CountAndFindCredential(ctx, a, canonical)
	if l.err != nil && !errors.Is(l.err, driver.ErrNoUser) && !errors.Is(l.err, password.ErrMalformedHash) {
		return v, l.err
	}
	l.has = true
	return v, nil
}

func (l *lookup[U]) Find(ctx context.Context, canonical string) (driver.Account, password.Hash, error) {
	if !l.has {
		l.user, l.hash, l.err = l.cfg.o.Users.FindCredential(ctx, canonical)
	}
	l.has = false
	return l.cfg.account(&l.user), l.hash, l.err
}

// User returns the user that was found, as a *U.
func (l *lookup[U]) User() any { return &l.user }
