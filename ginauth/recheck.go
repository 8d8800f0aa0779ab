package ginauth

import (
	"context"
	"errors"
	"fmt"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/otherstore"
)

// Recheck is CurrentUser for a handler that runs for long, such as a stream of server-sent events or a WebSocket: it
// asks the store and the backends anew, whether the request's credential is still good and its user the same. Call it
// before each message, or once in an interval, and end the stream on any error: ErrUnauthenticated or ErrBadCredentials when the
// login has ended, ErrUnavailable when nobody can tell, ErrNotVerified where Options.Unverified is against it. It returns the user as
// stored now, also to CurrentUser and CurrentAuth from then on; guards are not asked again, so look at the user's roles there.
//
// To recheck is no use of a session: one that is not used otherwise ends after Options.IdleTimeout. A session whose token was replaced,
// as by Reauthenticate in another tab, has ended for this request; a client that connects again has the new one. Changes
// made here with sessions.Default must be saved before.
func Recheck[U any](ctx context.Context) (U, error) {
	var none U
	c, st, err := stateOf(ctx)
	if err != nil {
		return none, err
	}
	return as[U](st.recheck(ctx, c))
}

func (st *state) recheck(ctx context.Context, c *gin.Context) (any, error) {
	if c == st.writer.context { // and not a copy
		if !st.life.enter() {
			return nil, errOver
		}
		defer st.life.leave()
	}
	// The first look is CurrentUser's, which asks for scopes and whose session it is, too.
	if user, found, err := st.foundUser(); !found {
		return st.currentUserFor(ctx, c)
	} else if err != nil {
		return user, err // nobody comes in by a recheck
	}
	before := st.foundProof()
	anew := st.anew()
	p, err := st.m.authenticate(c, anew)
	var barred error
	switch {
	case err == nil && p.account.ID != before.account.ID:
		err = fmt.Errorf("%w: the credential is another user's now", ErrUnauthenticated)
	case err == nil:
		barred, err = st.limits(c, p) //nolint:contextcheck // the request's own
	}
	if err != nil && !errors.Is(err, ErrUnauthenticated) && !errors.Is(err, ErrBadCredentials) {
		return nil, err
	}
	st.adoptProof(anew, p, err, barred)
	if err == nil && st.m.protects(c.Request.Method, c.FullPath()) {
		err = st.checkPolicies(c) //nolint:contextcheck // the request's own
	}
	if err != nil {
		return nil, err
	}
	return p.user, nil
}

func (st *state) foundProof() proof {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.proof
}

// anew is a state that has asked nothing yet, by the same credentials.
func (st *state) anew() *state {
	st.mu.Lock()
	defer st.mu.Unlock()
	anew := &state{
		m: st.m, position: st.position, request: st.request, store: st.store,
		held: held{hasToken: st.hasToken, digest: st.digest, cookiesSent: st.cookiesSent}, rechecks: true,
	}
	anew.session.state = anew
	anew.writer = writer{ResponseWriter: st.writer.ResponseWriter, state: anew, context: st.writer.context}
	if st.gorilla != nil {
		anew.gorilla = &otherstore.Session{Store: st.gorilla.Store, Cookie: st.gorilla.Cookie}
		anew.store = anew.gorilla
	}
	return anew
}

// adoptProof makes what was found anew the answer of currentUser.
func (st *state) adoptProof(anew *state, p proof, err, barred error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.asked, st.found, st.proof, st.userErr = true, true, p, err
	if err == nil && anew.live() && anew.digest == st.digest {
		st.known, st.record, st.recordErr = true, anew.record, nil
	}
	st.bar(barred)
}
