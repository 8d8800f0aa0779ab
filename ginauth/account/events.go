package account

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

const (
	defaultEvents = 50
	maxEvents     = 100
)

// Activity is an event of an account, in the form that the account's user sees.
type Activity struct {
	At      time.Time        `json:"at" format:"date-time"`
	Kind    driver.EventKind `json:"kind" swaggertype:"string" example:"authn_login_success"`
	Outcome driver.Outcome   `json:"outcome" swaggertype:"string" enums:"success,failure"`
	// ByMe says that the user caused the event, not an operator or an unknown client.
	ByMe bool `json:"by_me"`
	// Methods are how the user has proved who they are, in an event of a login, by the names of RFC
	// 8176; empty when unknown.
	Methods []driver.Method `json:"methods,omitempty" swaggertype:"array,string" enums:"pwd,otp,hwk,user,mail,fed" example:"pwd"`
	// Operation is the name of the handler, such as "changePassword", or the method and route.
	Operation string `json:"operation,omitempty" example:"login"`
	// IP is the client's address. It is empty if unknown, if another user such as an admin caused
	// the event, and for a failed login at an address that the user has not proved to own.
	IP string `json:"ip,omitempty" example:"203.0.113.7"`
	// Device is a guess from the User-Agent, such as "Firefox on Linux". It is empty without a
	// client, and whenever IP is hidden.
	Device string `json:"device,omitempty" example:"Firefox on Linux"`
}

// ActivityPage is one page of a user's events.
type ActivityPage struct {
	// Events has the newest event first.
	Events []Activity `json:"events"`
	// Next is the query parameter "before" of the next page; zero on the last page. It is the time
	// of the last event in microseconds, not its ID, which would reveal how many events other users
	// have (SEC-36).
	Next int64 `json:"next,omitempty" example:"1767225600000000"`
}

// ListEvents returns a page of the events of the current user's account, the newest first, for
// pages of the app's own. The query parameter "limit" is the number of events, by default 50 and at
// most 100; events at the same time as the last one are added. "before" is the Next of the page
// before. It returns the errors of CurrentUser, ErrForbidden for credentials with scopes, a 422
// problem for wrong parameters, and ErrNotMounted if no store keeps events, see Events.
func ListEvents(c *gin.Context) (ActivityPage, error) {
	_, st, err := engine.StateOf(c)
	if err != nil {
		return ActivityPage{}, err
	}
	lister := st.Mount.EventLog()
	if lister == nil {
		return ActivityPage{}, fmt.Errorf("%w: account.ListEvents %s", ginauth.ErrNotMounted, nobodysEvents)
	}
	_, auth, err := st.Mount.Owner(c, http.MethodGet)
	if err != nil {
		return ActivityPage{}, err
	}
	before, limit, err := pageAsked(c)
	if err != nil {
		return ActivityPage{}, err
	}
	list, err := lister.UserEvents(c.Request.Context(), auth.Account.ID, before, limit+1)
	if err != nil {
		return ActivityPage{}, err
	}
	page := ActivityPage{Events: []Activity{}}
	if len(list) > limit {
		list = list[:wholeTime(list, limit)]
		page.Next = list[len(list)-1].At.UnixMicro()
	}
	for _, e := range list {
		page.Events = append(page.Events, activityOf(e, auth.Account.Verified))
	}
	return page, nil
}

// nobodysEvents says why there is no list of events.
const nobodysEvents = "needs Options.Users to be a driver.EventLog, as store.New is, or Options.Sessions to be store.NewExternal, for accounts that are kept elsewhere"

// wholeTime returns how many events to show. All events at the same time are on one page, because
// the next page begins by time.
func wholeTime(list []driver.Event, limit int) int {
	for limit < len(list) && list[limit].At.Equal(list[limit-1].At) {
		limit++
	}
	return limit
}

func pageAsked(c *gin.Context) (before time.Time, limit int, err error) {
	limit = defaultEvents
	var faults []ginauth.FieldError
	if text := c.Query("before"); text != "" {
		micro, err := strconv.ParseInt(text, 10, 64)
		if err != nil || micro <= 0 {
			faults = append(faults, ginauth.FieldError{Field: "before", Code: "invalid", Detail: "before must be the next of a page"})
		}
		before = time.UnixMicro(micro)
	}
	if text := c.Query("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit <= 0 || limit > maxEvents {
			faults = append(faults, ginauth.FieldError{Field: "limit", Code: "invalid", Detail: "limit must be between 1 and 100"})
		}
	}
	if faults != nil {
		return time.Time{}, 0, ginauth.Invalid(faults...)
	}
	return before, limit, nil
}

// activityOf leaves out the client of other people while the address is not proved: it may be that
// of the address's owner (SEC-185).
func activityOf(e driver.Event, verified bool) Activity {
	a := Activity{At: e.At, Kind: e.Kind, Outcome: e.Outcome, ByMe: e.Actor != "" && e.Actor == e.User, Operation: e.Operation, Methods: e.Methods().List()}
	if e.Actor != "" && e.Actor != e.User {
		return a // an operator's client is not shown to the user
	}
	if !a.ByMe && (!verified || e.Detail[engine.DetailUnproved] != "") {
		return a
	}
	if e.Origin.Addr.IsValid() {
		a.IP = e.Origin.Addr.String()
	}
	if e.Origin != (driver.Origin{}) {
		a.Device = browserName(e.Origin.UserAgent)
	}
	return a
}

// Events returns the handler that answers 200 with the page of ListEvents as JSON: logins, failed
// logins, changes of passwords and the like. A page of the app's own calls ListEvents. Mount it
// with GET. It panics unless Users is a driver.EventLog or, for accounts that are kept elsewhere,
// Sessions is one.
func Events[U any](cfg *ginauth.Config[U]) gin.HandlerFunc {
	m := cfg.Engine().Mounted("account.Events")
	if m.EventLog() == nil {
		panic("account.Events " + nobodysEvents) //nolint:forbidigo // while routes are built
	}
	h := route.New(route.Info{Name: "events", For: route.Users, ChecksScopes: true, Mount: m, Cookie: m.Cookie.Name}, showEvents)
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// @Summary		List my security activity
// @Description	Returns what happened to the current user's account, the newest first.
// @ID				events
// @Tags			events
// @Produce		json,application/problem+json
// @Param			before	query		int	false	"The next of the page before"
// @Param			limit	query		int	false	"How many, at most 100"	default(50)	maximum(100)
// @Success		200		{object}	ActivityPage
// @Failure		401		{object}	ginauth.Problem	"unauthenticated"
// @Failure		403		{object}	ginauth.Problem	"forbidden"
// @Failure		422		{object}	ginauth.Problem	"validation_failed"
// @Failure		503		{object}	ginauth.Problem	"unavailable"
// @Security		sessionCookie
// @Router			/events [get]
func showEvents(c *gin.Context) {
	page, err := ListEvents(c)
	if err != nil {
		ginauth.Fail(c, err)
		return
	}
	engine.Reply(c, http.StatusOK, page)
}
