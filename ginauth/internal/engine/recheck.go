package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/otherstore"
)

func (st *State) Recheck(ctx context.Context, c *gin.Context) (any, error) {
	if c == st.writer.context { // and not a copy
		if !st.life.enter() {
			return nil, errOver
		}
		defer st.life.leave()
	}
	// The first look is CurrentUser's, which asks for scopes and whose session it is, too.
	if user, found, err := st.foundUser(); !found {
		return st.CurrentUserFor(ctx, c)
	} else if err != nil {
		return user, err // nobody comes in by a recheck
	}
	before := st.Proof()
	anew := st.anew()
	p, err := st.Mount.Authenticate(c, anew)
	var barred error
	switch {
	case err == nil && p.Account.ID != before.Account.ID:
		err = fmt.Errorf("%w: the credential is another user's now", ErrUnauthenticated)
	case err == nil:
		barred, err = st.limits(c, p) //nolint:contextcheck // the request's own
	}
	if err != nil && !errors.Is(err, ErrUnauthenticated) && !errors.Is(err, ErrBadCredentials) {
		return nil, err
	}
	st.adoptProof(anew, p, err, barred)
	if err == nil && st.Mount.protects(c.Request.Method, c.FullPath()) {
		err = st.CheckPolicies(c) //nolint:contextcheck // the request's own
	}
	if err != nil {
		return nil, err
	}
	return p.User, nil
}

// foundProof is what is known of who sent the request: nothing, before somebody has asked.
func (st *State) Proof() Proof {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.proof
}

// anew is a state that has asked nothing yet, by the same credentials.
func (st *State) anew() *State {
	st.mu.Lock()
	defer st.mu.Unlock()
	anew := &State{
		Mount: st.Mount, position: st.position, request: st.request, Store: st.Store,
		held: held{hasToken: st.hasToken, digest: st.digest, cookiesSent: st.cookiesSent}, rechecks: true,
	}
	anew.session.state = anew
	anew.writer = writer{ResponseWriter: st.writer.ResponseWriter, state: anew, context: st.writer.context}
	if st.gorilla != nil {
		anew.gorilla = &otherstore.Session{Store: st.gorilla.Store, Cookie: st.gorilla.Cookie}
		anew.Store = anew.gorilla
	}
	return anew
}

// adoptProof makes what was found anew the answer of currentUser.
func (st *State) adoptProof(anew *State, p Proof, err, barred error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.asked, st.found, st.proof, st.userErr = true, true, p, err
	if err == nil && anew.live() && anew.digest == st.digest {
		st.known, st.record, st.recordErr = true, anew.record, nil
	}
	st.bar(barred)
}
