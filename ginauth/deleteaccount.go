package ginauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// archived is what DeleteAccountAfter answers.
type archived struct {
	// DeleteAfter is until when RestoreAccount undoes it.
	DeleteAfter time.Time `json:"delete_after"`
} //	@name	ArchivedAccount

// DeleteAccount returns the handler that deletes the current user at once: the account, its sessions, its
// API keys, its logins by refresh tokens. It asks for a login or Reauthenticate within the last 10 minutes,
// and answers 403 reauthentication_required otherwise; 204 when all is gone. While a mailed link lives that undoes a change of
// the address, the user may be a thief: the account is archived as by DeleteAccountAfter until the link is over, and the
// answer is 200 with that time. Mount it with POST or DELETE.
// docs/accounts.md says what stays. It panics when Users is no driver.Accounts.
func DeleteAccount[U any](cfg *Config[U]) gin.HandlerFunc {
	h := deleter("DeleteAccount", cfg, deleteAccount)
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// @Summary		Delete my account
// @Description	Deletes the account with its sessions, API keys and logins. Needs a recent login.
// @ID				deleteAccount
// @Tags			account
// @Produce		json,application/problem+json
// @Success		200	{object}	archived	"A link that undoes a change of the address is still good: the account is deleted after that"
// @Success		204
// @Failure		401	{object}	Problem	"unauthenticated"
// @Failure		403	{object}	Problem	"cross_origin, forbidden, reauthentication_required"
// @Failure		503	{object}	Problem	"unavailable"
// @Security		sessionCookie
// @Router			/user [delete]
func deleteAccount[U any](c *gin.Context, m *mount, users driver.Accounts[U]) (after time.Time, err error) {
	return archiveAccount(c, m, users, 0)
}

// DeleteAccountAfter is DeleteAccount with a time for second thoughts: the account is disabled at once, and all
// its sessions and logins end; it is deleted after the grace by the store's sweeper. Until then RestoreAccount
// undoes it, and so do the mailed links of package email and the app's own code. It answers 200 with the time, which is not before
// the end of a link that undoes a change of the address. It panics when the grace is
// not positive, too.
func DeleteAccountAfter[U any](cfg *Config[U], grace time.Duration) gin.HandlerFunc {
	if grace <= 0 {
		panic("ginauth.DeleteAccountAfter: the grace must be positive: use DeleteAccount") //nolint:forbidigo // while routes are built
	}
	h := deleter("DeleteAccountAfter", cfg, func(c *gin.Context, m *mount, users driver.Accounts[U]) (time.Time, error) {
		return archiveAccount(c, m, users, grace)
	})
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

func deleter[U any](constructor string, cfg *Config[U], remove func(*gin.Context, *mount, driver.Accounts[U]) (time.Time, error)) *route.Handler {
	m := cfg.accounts(constructor)
	users := usersAs[driver.Accounts[U]](constructor, m)
	name := strings.ToLower(constructor[:1]) + constructor[1:]
	return route.New(route.Info{Name: name, For: route.Users, ChecksScopes: true, Mount: m, Cookie: m.cookie.name, Guards: []string{Fresh(freshFor).name}}, func(c *gin.Context) {
		after, err := remove(c, m, users)
		switch {
		case err != nil:
			Fail(c, err)
		case after.IsZero() || m.pages.AfterLogout != "" && browses(c):
			m.farewell(c)
		default:
			Reply(c, http.StatusOK, archived{DeleteAfter: after})
		}
	})
}

// @Summary		Delete my account after a time for second thoughts
// @Description	Disables the account at once. It is deleted after the time in the answer, unless its user restores it.
// @ID				deleteAccountAfter
// @Tags			account
// @Produce		json,application/problem+json
// @Success		200	{object}	archived
// @Failure		401	{object}	Problem	"unauthenticated"
// @Failure		403	{object}	Problem	"cross_origin, forbidden, reauthentication_required"
// @Failure		503	{object}	Problem	"unavailable"
// @Security		sessionCookie
// @Router			/user/archive [post]
func archiveAccount[U any](c *gin.Context, m *mount, users driver.Accounts[U], grace time.Duration) (after time.Time, err error) {
	st, auth, err := m.freshOwner(c, http.MethodPost, http.MethodDelete)
	if err != nil {
		return after, err
	}
	if st.writer.begun {
		return after, errBegun
	}
	ctx, id, session := AuditContext(c), auth.Account.ID, st.by(c)
	after, err = users.ArchiveUser(ctx, id, grace)
	if errors.Is(err, driver.ErrNoUser) {
		return after, fmt.Errorf("%w: the account has ended already", ErrUnauthenticated)
	}
	if err != nil {
		return after, err
	}
	event := driver.UserArchived
	if after.IsZero() {
		event = driver.UserDeleted
	}
	m.event(c, event, "user_id", id, "session", session)
	st.leaveBehind(context.WithoutCancel(ctx))
	return after, nil
}

// leaveBehind ends the session of a user who is gone. Nothing depends on it: without its user
// a session is none.
func (st *state) leaveBehind(ctx context.Context) {
	err := st.end(ctx)
	if errors.Is(err, errSessionRequired) { // the cookie's session is somebody else's
		st.setUser(nil, driver.Account{})
		return
	}
	if err != nil {
		st.m.log.WarnContext(ctx, "ginauth: the session of a deleted user is still stored", "error", err)
	}
	st.forget()
}
