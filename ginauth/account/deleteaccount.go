package account

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// archived is the answer of DeleteAccountAfter.
type archived struct {
	// DeleteAfter is the time until which RestoreAccount can undo the deletion.
	DeleteAfter time.Time `json:"delete_after"`
} //	@name	ArchivedAccount

// DeleteAccount returns the handler that deletes the current user at once: the account, its
// sessions, its API keys and its logins by refresh tokens. It needs a login or Reauthenticate
// within the last 10 minutes and otherwise answers 403 reauthentication_required; it answers 204
// after the deletion. While a mailed link can still undo a change of the address, the user may be a
// thief. The account is then archived until the link expires, as by DeleteAccountAfter, and the
// answer is 200 with that time. Mount it with POST or DELETE. docs/accounts.md says what stays. It
// panics if Users is not a driver.Accounts.
func DeleteAccount[U any](cfg *ginauth.Config[U]) gin.HandlerFunc {
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
// @Failure		401	{object}	ginauth.Problem	"unauthenticated"
// @Failure		403	{object}	ginauth.Problem	"cross_origin, forbidden, reauthentication_required"
// @Failure		503	{object}	ginauth.Problem	"unavailable"
// @Security		sessionCookie
// @Router			/user [delete]
func deleteAccount[U any](c *gin.Context, m *engine.Mount, users driver.Accounts[U]) (after time.Time, err error) {
	return archiveAccount(c, m, users, 0)
}

// DeleteAccountAfter is DeleteAccount with a grace: the account is disabled at once, all its
// sessions and logins end, and the store's sweeper deletes it after the grace. Until then
// RestoreAccount, the mailed links of package email and the app's own code can undo it. It answers
// 200 with the time of the deletion, which is never before a link that undoes a change of the
// address expires. It also panics if the grace is not positive.
func DeleteAccountAfter[U any](cfg *ginauth.Config[U], grace time.Duration) gin.HandlerFunc {
	if grace <= 0 {
		panic("account.DeleteAccountAfter: the grace must be positive: use DeleteAccount") //nolint:forbidigo // while routes are built
	}
	h := deleter("DeleteAccountAfter", cfg, func(c *gin.Context, m *engine.Mount, users driver.Accounts[U]) (time.Time, error) {
		return archiveAccount(c, m, users, grace)
	})
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

func deleter[U any](name string, cfg *ginauth.Config[U], remove func(*gin.Context, *engine.Mount, driver.Accounts[U]) (time.Time, error)) *route.Handler {
	m := cfg.Engine().WithAccounts("account." + name)
	users := engine.UsersAs[driver.Accounts[U]]("account."+name, m)
	return route.New(route.Info{Name: lowerFirst(name), For: route.Users, ChecksScopes: true, Mount: m, Cookie: m.Cookie.Name, Guards: []string{engine.FreshName(engine.FreshFor)}}, func(c *gin.Context) {
		after, err := remove(c, m, users)
		switch {
		case err != nil:
			ginauth.Fail(c, err)
		case after.IsZero() || m.Pages.AfterLogout != "" && engine.Browses(c):
			m.Farewell(c)
		default:
			engine.Reply(c, http.StatusOK, archived{DeleteAfter: after})
		}
	})
}

// @Summary		Delete my account after a time for second thoughts
// @Description	Disables the account at once. It is deleted after the time in the answer, unless its user restores it.
// @ID				deleteAccountAfter
// @Tags			account
// @Produce		json,application/problem+json
// @Success		200	{object}	archived
// @Failure		401	{object}	ginauth.Problem	"unauthenticated"
// @Failure		403	{object}	ginauth.Problem	"cross_origin, forbidden, reauthentication_required"
// @Failure		503	{object}	ginauth.Problem	"unavailable"
// @Security		sessionCookie
// @Router			/user/archive [post]
func archiveAccount[U any](c *gin.Context, m *engine.Mount, users driver.Accounts[U], grace time.Duration) (after time.Time, err error) {
	st, auth, err := m.FreshOwner(c, http.MethodPost, http.MethodDelete)
	if err != nil {
		return after, err
	}
	if err := st.MayChange(); err != nil {
		return after, err
	}
	ctx, id, session := ginauth.AuditContext(c), auth.Account.ID, st.By(c)
	after, err = users.ArchiveUser(ctx, id, grace)
	if errors.Is(err, driver.ErrNoUser) {
		return after, fmt.Errorf("%w: the account has ended already", ginauth.ErrUnauthenticated)
	}
	if err != nil {
		return after, err
	}
	event := driver.UserArchived
	if after.IsZero() {
		event = driver.UserDeleted
	}
	m.Event(c, event, "user_id", id, "session", session)
	ctx = context.WithoutCancel(ctx)
	endElsewhere(ctx, m, id, after)
	st.LeaveBehind(ctx)
	return after, nil
}

// endElsewhere ends what a separate store keeps of a user who was deleted, or archived until after.
// An error is only logged: without the account, no credential of the user is valid.
func endElsewhere(ctx context.Context, m *engine.Mount, id driver.UserID, after time.Time) {
	if m.External == nil {
		return
	}
	end := m.External.ForgetUser
	if logins, ok := m.External.(driver.Logins); ok && !after.IsZero() {
		end = func(ctx context.Context, id driver.UserID) error { return logins.RevokeUserSessions(ctx, id, "") }
	}
	err := end(ctx, id)
	if err != nil {
		m.Log.WarnContext(ctx, "ginauth: what belongs to a deleted user is still stored: call ForgetUser", "user_id", id, "error", err)
	}
}

// lowerFirst makes the name of an operation from that of its constructor.
func lowerFirst(name string) string { return strings.ToLower(name[:1]) + name[1:] }
