package drivertest

import (
	"context"
	"crypto/rand"
	"slices"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

func refreshGroup[U any]() group[U] {
	return group[U]{"RefreshTokens", implements[driver.RefreshTokens], map[string]func(*env[U]){
		"FindRefreshFamily returns the login":                            findsFamily[U],
		"an unknown token is ErrNoSession":                               unknownFamily[U],
		"CreateRefreshFamily wants an enabled user with this password":   familyNeedsUser[U],
		"RotateRefreshToken replaces a token, and repeats within grace":  rotatesToken[U],
		"RotateRefreshToken after the grace ends the login":              reusedToken[U],
		"RotateRefreshToken has one winner, and all get its token":       tokenRace[U],
		"a login ends at its idle timeout":                               familyIdles[U],
		"a login ends at its absolute end":                               familyEnds[U],
		"CreateRefreshFamily ends the logins beyond the limit":           familyLimit[U],
		"RevokeRefreshToken ends the login of a token, replaced or not":  revokesToken[U],
		"UserRefreshFamilies lists the logins, the one used last first":  listsFamilies[U],
		"RevokeRefreshFamily ends a login of the user alone":             revokesFamily[U],
		"RotateRefreshToken says once that another client used a token":  tokenElsewhere[U],
		"RotateRefreshToken does not bring a revoked login back":         rotateAgainstRevocation[U],
		"a login ends when its user is disabled":                         familyOfDisabled[U],
		"FindRefreshFamily of a token that is not good changes nothing":  findChangesNothing[U],
		"CreateRefreshFamily refuses a token that exists and keeps both": familyExists[U],
	}}
}

func (e *env[U]) tokens() driver.RefreshTokens {
	e.Helper()
	return need[driver.RefreshTokens](e)
}

func newFamily(id driver.UserID) driver.NewRefreshFamily {
	return driver.NewRefreshFamily{
		Key: driver.RefreshKey{Selector: newDigest(), Digest: newDigest()}, UserID: id, Scopes: []string{"read"}, Lifetime: lifetime, IdleTimeout: idle,
	}
}

// family stores a login by refresh tokens.
func (e *env[U]) family(id driver.UserID) (driver.RefreshKey, driver.RefreshFamily) {
	e.Helper()
	n := newFamily(id)
	f, err := e.tokens().CreateRefreshFamily(e.Context(), n)
	e.must("creating a login by refresh tokens", err)
	return n.Key, f
}

func next(k driver.RefreshKey) driver.RefreshRotation {
	r := driver.RefreshRotation{Key: k, Next: newDigest(), Grace: time.Minute}
	_, _ = rand.Read(r.Seal[:])
	return r
}

// use replaces a token and returns its successor.
func (e *env[U]) use(k driver.RefreshKey) driver.RefreshKey {
	e.Helper()
	r, err := e.tokens().RotateRefreshToken(e.Context(), next(k))
	e.must("replacing a refresh token", err)
	return driver.RefreshKey{Selector: k.Selector, Digest: r.Digest}
}

// good compares whether a token finds its login.
func (e *env[U]) good(when string, k driver.RefreshKey, want error) {
	e.Helper()
	_, err := e.tokens().FindRefreshFamily(e.Context(), k)
	if want != nil {
		e.want(when, err, want)
	} else if err != nil {
		e.Errorf("%s: %v", when, err)
	}
}

func findsFamily[U any](e *env[U]) {
	id, user := e.user()
	n := newFamily(id)
	n.Credential, n.Origin.UserAgent = user.Hash, "Firefox"
	n.Methods, n.SecondFactor = "otp pwd", true
	made, err := e.tokens().CreateRefreshFamily(e.Context(), n)
	e.must("creating it", err)
	found, err := e.tokens().FindRefreshFamily(e.Context(), n.Key)
	e.must("finding it", err)
	for _, f := range []driver.RefreshFamily{made, found} {
		if f.ID == "" || f.ID != made.ID || f.UserID != id || !slices.Equal(f.Scopes, n.Scopes) || f.Origin != n.Origin || f.IdleTimeout != idle ||
			f.Methods != "otp pwd" || !f.SecondFactor || !f.CreatedAt.Equal(e.now()) || !f.LastUsedAt.Equal(e.now()) || !f.ExpiresAt.Equal(e.now().Add(lifetime)) {
			e.Errorf("the login is %+v", f)
		}
	}
	n = newFamily(id)
	n.Scopes = nil
	if f, err := e.tokens().CreateRefreshFamily(e.Context(), n); err != nil || f.Scopes != nil || f.Methods != "" || f.SecondFactor {
		e.Errorf("everything that the user may do is nil: %+v, %v", f, err)
	}
}

func unknownFamily[U any](e *env[U]) {
	id, _ := e.user()
	e.family(id)
	for _, k := range []driver.RefreshKey{newFamily(id).Key, {}} {
		e.good("finding it", k, driver.ErrNoSession)
		_, err := e.tokens().RotateRefreshToken(e.Context(), next(k))
		e.want("replacing it", err, driver.ErrNoSession)
		_, err = e.tokens().RevokeRefreshToken(e.Context(), k)
		e.want("revoking it", err, driver.ErrNoSession)
	}
}

func familyNeedsUser[U any](e *env[U]) {
	id, _ := e.user()
	first, _ := e.family(id)
	second, _ := e.family(id)
	if !e.external {
		n := newFamily(id)
		n.Credential, n.Limit = hash('x'), 1
		_, err := e.tokens().CreateRefreshFamily(e.Context(), n)
		e.want("by another password", err, driver.ErrNoUser)
		e.good("what was refused", n.Key, driver.ErrNoSession)
	}
	e.good("a login that it would have ended", first, nil)
	e.good("another one", second, nil)
	for _, unknown := range append(e.strangers(), "") {
		_, err := e.tokens().CreateRefreshFamily(e.Context(), newFamily(driver.UserID(unknown)))
		e.stranger("a login of "+unknown, err)
	}
}

func rotatesToken[U any](e *env[U]) {
	id, _ := e.user()
	first, f := e.family(id)
	e.Advance(time.Second)
	r := next(first)
	to, err := e.tokens().RotateRefreshToken(e.Context(), r)
	if err != nil || to.Digest != r.Next || to.Seal != r.Seal || to.ID != f.ID || !to.LastUsedAt.Equal(e.now()) {
		e.Fatalf("replacing it: %+v, %v", to, err)
	}
	second := driver.RefreshKey{Selector: first.Selector, Digest: r.Next}
	e.Advance(time.Minute - moment)
	for range 2 {
		again, err := e.tokens().RotateRefreshToken(e.Context(), next(first))
		if err != nil || again.Digest != r.Next || again.Seal != r.Seal || !again.LastUsedAt.Equal(to.LastUsedAt) {
			e.Errorf("again within the grace: %+v, %v", again, err)
		}
	}
	e.good("the first one, within the grace", first, nil)
	e.good("the second one", second, nil)
	third := e.use(second)
	e.good("the first one, two tokens ago", first, driver.ErrTokenReused)
	e.good("the third one", third, nil)
}

func reusedToken[U any](e *env[U]) {
	id, _ := e.user()
	first, f := e.family(id)
	second := e.use(first)
	e.Advance(time.Minute)
	e.good("finding a replaced token", first, driver.ErrTokenReused)
	e.good("which changes nothing", second, nil)
	ended, err := e.tokens().RotateRefreshToken(e.Context(), next(first))
	e.want("at the end of the grace", err, driver.ErrTokenReused)
	if ended.ID != f.ID || ended.UserID != id || ended.Digest != (driver.Digest{}) {
		e.Errorf("the login that has ended: %+v", ended)
	}
	e.good("its last token", second, driver.ErrNoSession)
	_, err = e.tokens().RotateRefreshToken(e.Context(), next(second))
	e.want("replacing its last token", err, driver.ErrNoSession)
	_, err = e.tokens().RotateRefreshToken(e.Context(), next(first))
	e.want("once more", err, driver.ErrNoSession)
	strict, _ := e.family(id)
	r := next(strict)
	r.Grace = 0
	_, err = e.tokens().RotateRefreshToken(e.Context(), r)
	e.must("replacing without a grace", err)
	_, err = e.tokens().RotateRefreshToken(e.Context(), next(strict))
	e.want("once more without a grace", err, driver.ErrTokenReused)
}

func tokenRace[U any](e *env[U]) {
	id, _ := e.user()
	k, _ := e.family(id)
	results := make([]driver.RefreshRotated, callers)
	for _, err := range e.together(callers, func(i int) (err error) {
		results[i], err = e.tokens().RotateRefreshToken(e.Context(), next(k))
		return err
	}) {
		e.must("replacing a token", err)
	}
	for _, r := range results {
		if r.Digest != results[0].Digest || r.Seal != results[0].Seal {
			e.Errorf("one call got %+v, another %+v", r, results[0])
		}
	}
	e.good("the successor", driver.RefreshKey{Selector: k.Selector, Digest: results[0].Digest}, nil)
}

func familyIdles[U any](e *env[U]) {
	id, _ := e.user()
	k, _ := e.family(id)
	e.Advance(idle - moment)
	e.good("just before", k, nil)
	k = e.use(k)
	e.Advance(idle - moment)
	e.good("just before the next time", k, nil)
	e.Advance(moment)
	e.good("at the timeout", k, driver.ErrNoSession)
	_, err := e.tokens().RotateRefreshToken(e.Context(), next(k))
	e.want("replacing it", err, driver.ErrNoSession)
}

func familyEnds[U any](e *env[U]) {
	id, _ := e.user()
	n := newFamily(id)
	n.Lifetime = idle + idle/2
	f, err := e.tokens().CreateRefreshFamily(e.Context(), n)
	e.must("creating it", err)
	e.Advance(idle - moment)
	k := e.use(n.Key)
	e.Advance(f.ExpiresAt.Sub(e.now()) - moment)
	e.good("just before", k, nil)
	e.Advance(moment)
	e.good("at the end", k, driver.ErrNoSession)
}

func familyLimit[U any](e *env[U]) {
	id, _ := e.user()
	other, _ := e.user()
	theirs, _ := e.family(other)
	first, _ := e.family(id)
	e.Advance(time.Second)
	second, _ := e.family(id)
	e.Advance(time.Second)
	first = e.use(first)
	n := newFamily(id)
	n.Limit = 2
	_, err := e.tokens().CreateRefreshFamily(e.Context(), n)
	e.must("creating it", err)
	e.good("the one used longest ago", second, driver.ErrNoSession)
	for _, k := range []driver.RefreshKey{first, n.Key, theirs} {
		e.good("the others", k, nil)
	}
}

func revokesToken[U any](e *env[U]) {
	id, _ := e.user()
	k, f := e.family(id)
	ended, err := e.tokens().RevokeRefreshToken(e.Context(), k)
	if err != nil || ended.ID != f.ID || ended.UserID != id {
		e.Errorf("revoking it: %+v, %v", ended, err)
	}
	e.good("the token", k, driver.ErrNoSession)
	_, err = e.tokens().RevokeRefreshToken(e.Context(), k)
	e.want("revoking it again", err, driver.ErrNoSession)
	old, _ := e.family(id)
	last := e.use(old)
	e.Advance(time.Hour / 2)
	_, err = e.tokens().RevokeRefreshToken(e.Context(), old)
	e.must("revoking by a replaced token", err)
	e.good("the last token", last, driver.ErrNoSession)
}

func listsFamilies[U any](e *env[U]) {
	id, _ := e.user()
	other, _ := e.user()
	e.family(other)
	first, a := e.family(id)
	e.Advance(time.Second)
	_, b := e.family(id)
	gone, _ := e.family(id)
	_, err := e.tokens().RevokeRefreshToken(e.Context(), gone)
	e.must("revoking one", err)
	list := func() (list []driver.SessionID) {
		families, err := e.tokens().UserRefreshFamilies(e.Context(), id)
		e.must("listing them", err)
		for _, f := range families {
			list = append(list, f.ID)
		}
		return list
	}
	if got := list(); !slices.Equal(got, []driver.SessionID{b.ID, a.ID}) {
		e.Errorf("got %v, want %s and %s", got, b.ID, a.ID)
	}
	e.Advance(time.Second)
	e.use(first)
	if got := list(); !slices.Equal(got, []driver.SessionID{a.ID, b.ID}) {
		e.Errorf("after the first was used: %v, want %s and %s", got, a.ID, b.ID)
	}
	e.Advance(idle - time.Second)
	if got := list(); !slices.Equal(got, []driver.SessionID{a.ID}) {
		e.Errorf("after the second has ended: %v, want %s", got, a.ID)
	}
	for _, unknown := range unknownIDs() {
		if got, err := e.tokens().UserRefreshFamilies(e.Context(), driver.UserID(unknown)); err != nil || len(got) > 0 {
			e.Errorf("%q has %+v, %v", unknown, got, err)
		}
	}
}

func revokesFamily[U any](e *env[U]) {
	id, _ := e.user()
	other, _ := e.user()
	k, f := e.family(id)
	kept, _ := e.family(id)
	for _, who := range append(unknownIDs(), string(other)) {
		e.want("revoking as "+who, e.tokens().RevokeRefreshFamily(e.Context(), driver.UserID(who), f.ID), driver.ErrNoSession)
	}
	e.good("what another user wanted to revoke", k, nil)
	e.must("revoking it", e.tokens().RevokeRefreshFamily(e.Context(), id, f.ID))
	e.good("what was revoked", k, driver.ErrNoSession)
	e.want("revoking it again", e.tokens().RevokeRefreshFamily(e.Context(), id, f.ID), driver.ErrNoSession)
	e.good("the other one", kept, nil)
	for _, unknown := range unknownIDs() {
		e.want("revoking "+unknown, e.tokens().RevokeRefreshFamily(e.Context(), id, driver.SessionID(unknown)), driver.ErrNoSession)
	}
}

func tokenElsewhere[U any](e *env[U]) {
	id, _ := e.user()
	k, _ := e.family(id)
	home, away := e.from("203.0.113.7", "Firefox"), e.from("198.51.100.9", "curl")
	for i, call := range []struct {
		ctx  context.Context
		want bool
	}{{home, false}, {home, false}, {away, true}, {away, false}} {
		r, err := e.tokens().RotateRefreshToken(call.ctx, next(k))
		if err != nil || r.Elsewhere != call.want {
			e.Errorf("use %d: elsewhere %v, want %v, %v", i, r.Elsewhere, call.want, err)
		}
	}
}

func rotateAgainstRevocation[U any](e *env[U]) {
	id, _ := e.user()
	for range 5 {
		k, f := e.family(id)
		e.together(callers, func(i int) error {
			if i == 0 {
				return e.tokens().RevokeRefreshFamily(e.Context(), id, f.ID)
			}
			_, err := e.tokens().RotateRefreshToken(e.Context(), next(k))
			return err
		})
		e.good("after the revocation", k, driver.ErrNoSession)
	}
}

func familyOfDisabled[U any](e *env[U]) {
	id, _ := e.user()
	k, _ := e.family(id)
	e.disable(id)
	e.good("the login", k, driver.ErrNoSession)
	_, err := e.tokens().CreateRefreshFamily(e.Context(), newFamily(id))
	e.want("a new one", err, driver.ErrNoUser)
	if list, err := e.tokens().UserRefreshFamilies(e.Context(), id); err != nil || len(list) > 0 {
		e.Errorf("the list is %+v, %v", list, err)
	}
}

func findChangesNothing[U any](e *env[U]) {
	id, _ := e.user()
	k, f := e.family(id)
	forged := k
	forged.Digest = newDigest()
	got, err := e.tokens().FindRefreshFamily(e.Context(), forged)
	e.want("a token that was never given out", err, driver.ErrTokenReused)
	if got.ID != f.ID {
		e.Errorf("its login is %+v", got)
	}
	e.good("the good token", k, nil)
}

func familyExists[U any](e *env[U]) {
	id, _ := e.user()
	other, _ := e.user()
	k, f := e.family(id)
	n := newFamily(other)
	n.Key = k
	_, err := e.tokens().CreateRefreshFamily(e.Context(), n)
	e.refused("creating it again", err)
	if got, err := e.tokens().FindRefreshFamily(e.Context(), k); err != nil || got.ID != f.ID || got.UserID != id {
		e.Errorf("the first login: %+v, %v", got, err)
	}
}
