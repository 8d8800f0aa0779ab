package jwt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/flow"
	"github.com/ginauth/ginauth/ginauth/password"
	"github.com/ginauth/ginauth/ginauth/refresh"
)

// Answer is the successful answer of a token endpoint (RFC 6749, 5.1).
type Answer struct {
	AccessToken string `json:"access_token"`
	// TokenType is "Bearer".
	TokenType string `json:"token_type"`
	// ExpiresIn is the access token's lifetime in seconds.
	ExpiresIn    int64  `json:"expires_in"`
	RefreshToken string `json:"refresh_token,omitempty"`
	Scope        string `json:"scope,omitempty"`
}

// login is a user who has just proved who they are, and their tokens.
type login[U any] struct {
	user   U
	answer Answer
	claims Claims
}

// logIn verifies a password and begins a login. The family is stored only if the hash is still the
// one that was compared (SEC-78). If the verification has replaced the hash by a stronger one,
// logIn tries again.
func (f *Flow[U]) logIn(c *gin.Context, identifier, plain string, scopes []string, lasts bool) (l login[U], err error) {
	for range 2 {
		var hash password.Hash
		if hash, err = f.currentHash(c, identifier); err != nil {
			return l, err
		}
		if l.user, err = flow.VerifyPassword(c, f.cfg, identifier, plain); err != nil {
			break
		}
		if err = f.begin(c, &l, hash, driver.Methods(driver.ByPassword), scopes, lasts); err == nil {
			err = f.compareAgain(c, l, identifier, hash)
		}
		if !errors.Is(err, driver.ErrNoUser) {
			break
		}
		// This error stays unless the next verification finds that the password was changed
		// (SEC-190).
		err = fmt.Errorf("%w: the Users of the Config, a %T, has the user %s, and Options.Refresh, a %T, does not know it: put both on one database: %v",
			ginauth.ErrNotMounted, f.app.Users, f.cfg.Account(l.user).ID, f.o.Refresh, err) //nolint:errorlint // nobody may take it for ErrNoUser
	}
	if err == nil {
		f.began(c, l, driver.ByPassword)
	}
	return l, err
}

// compareAgain ends a login whose password has just been changed, and returns driver.ErrNoUser. It
// is for stores of refresh tokens that do not know passwords.
func (f *Flow[U]) compareAgain(c *gin.Context, l login[U], identifier string, hash password.Hash) error {
	if _, external := f.o.Refresh.(driver.External); !external {
		return nil
	}
	now, err := f.currentHash(c, identifier)
	if err == nil && now.Reveal() == hash.Reveal() {
		return nil
	}
	ctx := context.WithoutCancel(ginauth.AuditContext(c))
	if ended := f.o.Refresh.RevokeRefreshFamily(ctx, f.cfg.Account(l.user).ID, l.claims.Session); ended != nil && !errors.Is(ended, driver.ErrNoSession) {
		return ended
	}
	return cmp.Or(err, driver.ErrNoUser)
}

// began logs a login, and stores the event unless the store has already done so.
func (f *Flow[U]) began(c *gin.Context, l login[U], method driver.Method) {
	f.cfg.Engine().ObserveSignIn(ginauth.AuditContext(c), method, driver.Success)
	flow.LogEvent(c, driver.LoginSucceeded, "user_id", f.cfg.Account(l.user).ID, "session", l.claims.Session)
	f.recordLogin(c, l)
}

// recordLogin stores the event of a login whose tokens no store knows. An error does not fail the
// login.
func (f *Flow[U]) recordLogin(c *gin.Context, l login[U]) {
	user := f.cfg.Account(l.user).ID
	recorder := f.cfg.Engine().EventLog()
	if _, written := f.o.Refresh.(driver.EventLog); recorder == nil || written {
		return
	}
	ctx := ginauth.AuditContext(c)
	e := driver.NewEvent(ctx, driver.LoginSucceeded, user)
	e.Actor = user
	if l.claims.Methods != "" {
		e.Detail = map[string]string{driver.DetailMethods: string(l.claims.Methods)}
	}
	if err := recorder.RecordEvent(context.WithoutCancel(ctx), e); err != nil {
		f.app.Logger.WarnContext(ctx, "jwt: a login was not stored as an event", "user_id", user, "error", err)
	}
}

func (f *Flow[U]) currentHash(c *gin.Context, identifier string) (password.Hash, error) {
	canonical, err := f.cfg.Engine().Names.Canonical(identifier)
	if err != nil || f.o.Refresh == nil {
		return password.Hash{}, nil
	}
	_, hash, err := f.app.Users.FindCredential(c.Request.Context(), canonical)
	if errors.Is(err, driver.ErrNoUser) || errors.Is(err, password.ErrMalformedHash) {
		return password.Hash{}, nil // VerifyPassword returns the error, after the same work
	}
	return hash, err
}

// begin stores the login and makes its tokens. With lasts false, there is no refresh token, and the
// login ends with its access token.
func (f *Flow[U]) begin(c *gin.Context, l *login[U], hash password.Hash, methods driver.Methods, scopes []string, lasts bool) error {
	g := Grant{Scopes: scopes, AuthenticatedAt: f.o.Issuer.o.Now(), Methods: methods, SecondFactor: methods.TwoFactors()}
	extra, err := f.extra(c, l.user)
	if err != nil {
		return err
	}
	g.Extra = extra
	if f.o.Refresh == nil {
		return f.issue(c, l, g)
	}
	token := refresh.New()
	n := driver.NewRefreshFamily{
		Key: token.Key().In(driver.Realm(c.Request.Context())), UserID: f.cfg.Account(l.user).ID, Credential: hash, Scopes: scopes, Limit: f.o.MaxLogins, Origin: flow.RequestOrigin(c),
		Lifetime: f.o.RefreshLifetime, IdleTimeout: f.o.RefreshIdle, Methods: g.Methods, SecondFactor: g.SecondFactor,
	}
	shown := token.Reveal()
	if !lasts {
		shown, n.Lifetime, n.IdleTimeout = "", f.o.Issuer.o.Lifetime+maxLeeway, f.o.Issuer.o.Lifetime+maxLeeway
	}
	family, err := f.o.Refresh.CreateRefreshFamily(ginauth.AuditContext(c), n)
	if err != nil {
		return err
	}
	g.Session, l.answer.RefreshToken = family.ID, shown
	return f.issue(c, l, g)
}

// extra returns the app's own claims of a user.
func (f *Flow[U]) extra(c *gin.Context, u U) (any, error) {
	if f.o.Claims == nil {
		return nil, nil //nolint:nilnil // no claims
	}
	return f.o.Claims(c, u)
}

// issue makes the access token of l.user and the rest of the answer.
func (f *Flow[U]) issue(c *gin.Context, l *login[U], g Grant) error {
	token, claims, err := f.o.Issuer.Issue(c.Request.Context(), f.cfg.Account(l.user), g)
	if err != nil {
		return err
	}
	l.claims = claims
	l.answer.AccessToken, l.answer.TokenType, l.answer.Scope = token, tokenType, strings.Join(g.Scopes, " ")
	l.answer.ExpiresIn = int64(claims.ExpiresAt.Sub(claims.IssuedAt) / time.Second)
	return nil
}

// grantable returns the scopes of a login that asks for some.
func (f *Flow[U]) grantable(asked string) ([]string, error) {
	return narrow(f.o.Scopes, asked)
}

// narrow returns the allowed scopes that are asked for. If none is asked for it returns all, and
// nil if allowed is nil.
func narrow(allowed []string, asked string) ([]string, error) {
	words := strings.Fields(asked)
	for _, word := range words {
		if !slices.Contains(allowed, word) {
			return nil, errInvalidScope
		}
	}
	if len(words) == 0 {
		return allowed, nil
	}
	return words, nil
}
