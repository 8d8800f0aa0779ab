package flow

import (
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
)

// BindRegistration reads a sign-up payload into form, checks it as SignUp does, counts the attempt
// against Limits.SignUp and hashes the password. It is for ways to sign up that SignUp does not
// cover. It stores nothing and asks nothing about accounts: the work is the same whether or not the
// address has one. Pass the error to Fail.
func BindRegistration[U any, F ginauth.Form](c *gin.Context, cfg *ginauth.Config[U], form *F) (driver.NewUser, error) {
	if err := cfg.Engine().Made(); err != nil {
		return driver.NewUser{}, err
	}
	n, _, err := cfg.Engine().BindRegistration(c, form)
	return n, err
}

// HashNewPassword checks a new password by Options.Policy and hashes it. Personal are facts about
// the user that the password must not contain. The error is for Fail: it names the field
// "password", or is ErrBusy.
func HashNewPassword[U any](c *gin.Context, cfg *ginauth.Config[U], plain string, personal ...string) (hash password.Hash, err error) {
	if err := cfg.Engine().Made(); err != nil {
		return hash, err
	}
	return cfg.Engine().HashNew(c, plain, personal...)
}
