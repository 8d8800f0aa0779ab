package engine

import (
	"cmp"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/label"
	"github.com/ginauth/ginauth/ginauth/password"
	"github.com/ginauth/ginauth/ginauth/problem"
)

// BindRegistration reads a sign-up payload into form, checks it, counts the attempt and hashes the
// password. It stores nothing and asks nothing about accounts.
func (m *Mount) BindRegistration(c *gin.Context, form any) (n driver.NewUser, attempt Tried, err error) {
	var r Registration
	err = Bind(c, form, func() (faults []problem.Field) {
		r = m.Edge.Registration(form)
		n, faults = m.newUser(c, r)
		return faults
	})
	if err != nil {
		return driver.NewUser{}, attempt, err
	}
	ctx, leave, err := m.EnterHasher(c)
	if err != nil {
		return n, attempt, err
	}
	defer leave()
	attempt, err = m.Throttle.signUp(ctx, c, cmp.Or(n.Canonical, n.CanonicalUsername))
	if err != nil {
		return n, attempt, err
	}
	n.Hash, err = m.HashPassword(ctx, r.Password)
	return n, attempt, err
}

// HashNew checks a new password by the policy and hashes it. Personal are facts about the user that
// the password must not contain.
func (m *Mount) HashNew(c *gin.Context, plain string, personal ...string) (hash password.Hash, err error) {
	if faults := m.CheckPassword("password", plain, personal...); faults != nil {
		return hash, Invalid(faults...)
	}
	ctx, leave, err := m.EnterHasher(c)
	if err != nil {
		return hash, err
	}
	defer leave()
	return m.HashPassword(ctx, plain)
}

// CheckPassword returns what the policy has against a password, as a fault of the named field.
func (m *Mount) CheckPassword(field, plain string, personal ...string) []problem.Field {
	var refused *password.PolicyError
	if err := m.Policy.Check(plain, personal...); errors.As(err, &refused) {
		return []problem.Field{{Field: field, Code: string(refused.Code), Detail: refused.Error()}}
	}
	return nil
}

// newUser checks all rules of a registration that binding tags cannot express.
func (m *Mount) newUser(c *gin.Context, r Registration) (n driver.NewUser, faults []problem.Field) {
	n.Name, faults = CleanName(r.Name)
	faults = append(faults, m.Names.OfSignUp(r.Email, r.Username, &n, translatorOf(c))...)
	return n, append(faults, m.CheckPassword("password", r.Password, n.Email, n.Username, n.Name)...)
}

// maxName is the maximum length of a user's name, in code points.
const maxName = 200

// CleanName trims a name and returns what is wrong with it.
func CleanName(name string) (string, []problem.Field) {
	given := name != ""
	name = strings.TrimSpace(name)
	if given && name == "" {
		return "", []problem.Field{{Field: "name", Code: "required", Detail: "name is required"}}
	}
	if utf8.RuneCountInString(name) > maxName {
		return "", []problem.Field{{Field: "name", Code: "too_long", Detail: "name must have at most 200 characters"}}
	}
	if name != "" && !label.Fit(name) {
		return "", []problem.Field{{Field: "name", Code: "invalid", Detail: "name contains characters that cannot be used"}}
	}
	return name, nil
}
