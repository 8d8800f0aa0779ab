package ginauth

import (
	"errors"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
)

// BindRegistration reads a sign-up payload into form, checks it as SignUp does, counts the attempt against
// Limits.SignUp and hashes the password, for ways to sign up that SignUp does not cover. Nothing is stored, and
// nothing is asked about accounts: the work is the same whether or not the address has one. The error is for
// Fail.
func BindRegistration[U any, F Form](c *gin.Context, cfg *Config[U], form *F) (driver.NewUser, error) {
	if err := cfg.made(); err != nil {
		return driver.NewUser{}, err
	}
	n, _, err := bindRegistration(c, cfg, form)
	return n, err
}

func bindRegistration[U any, F Form](c *gin.Context, cfg *Config[U], form *F) (n driver.NewUser, attempt tried, err error) {
	var r Registration
	err = bindAll(c, form, func() (faults []FieldError) {
		r = (*form).registration()
		n, faults = newUser(r, cfg.o.Policy)
		return faults
	})
	if err != nil {
		return driver.NewUser{}, attempt, err
	}
	ctx, leave, err := cfg.m.enterHasher(c)
	if err != nil {
		return n, attempt, err
	}
	defer leave()
	attempt, err = cfg.m.throttle.signUp(ctx, c, n.Canonical)
	if err != nil {
		return n, attempt, err
	}
	n.Hash, err = cfg.o.Passwords.Hash(ctx, r.Password)
	if err != nil {
		return n, attempt, hashing(err)
	}
	return n, attempt, nil
}

// HashNewPassword checks a password that is to replace another by cfg.o.Policy and hashes it. Personal
// is what it must not give away of the user. The error is for Fail: it names the field "password", or is
// ErrBusy.
func HashNewPassword[U any](c *gin.Context, cfg *Config[U], plain string, personal ...string) (hash password.Hash, err error) {
	if err := cfg.made(); err != nil {
		return hash, err
	}
	var refused *password.PolicyError
	if err := cfg.o.Policy.Check(plain, personal...); errors.As(err, &refused) {
		return hash, Invalid(FieldError{Field: "password", Code: string(refused.Code), Detail: refused.Error()})
	}
	ctx, leave, err := cfg.m.enterHasher(c)
	if err != nil {
		return hash, err
	}
	defer leave()
	hash, err = cfg.o.Passwords.Hash(ctx, plain)
	if err != nil {
		return hash, hashing(err)
	}
	return hash, nil
}
