package drivertest

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

func eventsGroup[U any]() group[U] {
	return group[U]{"EventLog", implements[driver.EventLog], map[string]func(*env[U]){
		"RecordEvent stores an event":                           recordsEvent[U],
		"UserEvents of an unknown user is empty":                eventsOfNobody[U],
		"UserEvents pages through everything, the newest first": pagesEvents[U],
		"UserEvents returns all that happened at one time":      eventsOfOneTime[U],
		"the store records its own changes, by their cause":     recordsChanges[U],
		"UserEvents returns no events of other users":           eventsAreTheirs[U],
	}}
}

func (e *env[U]) events(user driver.UserID, before time.Time, limit int) []driver.Event {
	e.Helper()
	list, err := need[driver.EventLog](e).UserEvents(e.Context(), user, before, limit)
	e.must("listing events", err)
	return list
}

func (e *env[U]) record(user driver.UserID, detail string) {
	e.Helper()
	event := driver.Event{Kind: "app_noted", Outcome: driver.Success, User: user, Detail: map[string]string{"n": detail}}
	e.must("recording an event", need[driver.EventLog](e).RecordEvent(e.Context(), event))
}

func recordsEvent[U any](e *env[U]) {
	id, _ := e.user()
	want := driver.Event{
		Kind: driver.LoginFailed, Outcome: driver.Failure, User: id, Session: "0123abcd", Operation: "login", RequestID: "r-1",
		Origin: driver.Origin{Addr: netip.MustParseAddr("203.0.113.7"), UserAgent: "Firefox"}, Detail: map[string]string{"a": "b"},
	}
	e.Advance(time.Second)
	e.must("recording it", need[driver.EventLog](e).RecordEvent(e.Context(), want))
	got := e.events(id, time.Time{}, 1)
	if len(got) != 1 {
		e.Fatalf("got %+v", got)
	}
	want.ID, want.At = got[0].ID, e.now()
	if !got[0].At.Equal(want.At) || got[0].ID == 0 || fmt.Sprintf("%+v", comparable(got[0])) != fmt.Sprintf("%+v", comparable(want)) {
		e.Errorf("got %+v, want %+v", got[0], want)
	}
	nobody := want
	nobody.User = ""
	e.must("recording one of nobody", need[driver.EventLog](e).RecordEvent(e.Context(), nobody))
	if got = e.events(id, time.Time{}, 1); len(got) != 1 {
		e.Errorf("an event of nobody is the user's: %+v", got)
	}
}

// comparable is the event without its time, which may be in another location.
func comparable(v driver.Event) driver.Event {
	v.At = time.Time{}
	return v
}

func eventsOfNobody[U any](e *env[U]) {
	e.user()
	for _, id := range unknownIDs() {
		if got := e.events(driver.UserID(id), time.Time{}, 10); len(got) > 0 {
			e.Errorf("%q has %+v", id, got)
		}
	}
}

func pagesEvents[U any](e *env[U]) {
	id, _ := e.user()
	for i := range 20 {
		if i%3 == 0 { // some happen at one time
			e.Advance(time.Second)
		}
		e.record(id, strconv.Itoa(i))
	}
	all := e.events(id, time.Time{}, 100)
	if len(all) < 20 || !slices.IsSortedFunc(all, newestFirst) {
		e.Fatalf("%d events, or not the newest first: %+v", len(all), all)
	}
	var paged []driver.Event
	for before := (time.Time{}); ; before = paged[len(paged)-1].At {
		page := e.events(id, before, 2)
		if len(page) == 0 {
			break
		}
		paged = append(paged, page...)
	}
	if len(paged) != len(all) {
		e.Fatalf("the pages have %d events of %d", len(paged), len(all))
	}
	for i := range all {
		if all[i].ID != paged[i].ID {
			e.Errorf("event %d is %d in pages, and %d at once", i, paged[i].ID, all[i].ID)
		}
	}
}

func newestFirst(a, b driver.Event) int {
	return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.ID, a.ID))
}

func eventsOfOneTime[U any](e *env[U]) {
	id, _ := e.user()
	e.Advance(time.Second)
	for i := range 5 {
		e.record(id, strconv.Itoa(i))
	}
	at := e.now()
	e.Advance(time.Second)
	e.record(id, "last")
	for limit, want := range map[int]int{1: 1, 2: 6, 3: 6, 6: 6} {
		if got := e.events(id, time.Time{}, limit); len(got) != want {
			e.Errorf("with a limit of %d: %d events, want %d", limit, len(got), want)
		}
	}
	for _, event := range e.events(id, at, 100) {
		if !event.At.Before(at) {
			e.Errorf("from before %s: %+v", at, event)
		}
	}
}

func recordsChanges[U any](e *env[U]) {
	n := e.newUser()
	cause := driver.Cause{Operation: "signUp", RequestID: "r-1", Origin: driver.Origin{Addr: netip.MustParseAddr("203.0.113.7"), UserAgent: "Firefox"}}
	u, err := e.Store.CreateUser(driver.WithCause(e.Context(), cause), n, nil)
	e.must("creating a user", err)
	id := e.Account(u).ID
	before := 0
	if !e.external {
		before = 1
	}
	created := e.events(id, time.Time{}, 1)
	if !e.external && (len(created) != 1 || created[0].Kind != driver.UserCreated || created[0].Operation != "signUp" || created[0].RequestID != "r-1" ||
		created[0].Origin != cause.Origin || created[0].Actor != id || created[0].Outcome != driver.Success) {
		e.Errorf("a new user: %+v", created)
	}
	e.Advance(time.Second)
	s := e.login(id)
	e.wantEvent("a login", id, driver.LoginSucceeded)
	e.Advance(time.Second)
	e.must("deleting it", e.sessions.DeleteSession(e.Context(), s.Digest))
	e.wantEvent("a logout", id, driver.LoggedOut)
	e.must("deleting it again", e.sessions.DeleteSession(e.Context(), s.Digest))
	if got := e.events(id, time.Time{}, 10); len(got) != before+2 {
		e.Errorf("nothing has happened, and there are %+v", got)
	}
	if accounts, ok := as[driver.Accounts[U]](e); ok {
		e.Advance(time.Second)
		_, err = accounts.SetPassword(e.Context(), driver.PasswordChange{UserID: id, Old: n.Hash, New: hash('b')})
		e.must("setting a password", err)
		e.wantEvent("a password", id, driver.LoginPasswordChanged)
		if _, err = accounts.SetPassword(e.Context(), driver.PasswordChange{UserID: id, Old: n.Hash, New: hash('c')}); err == nil {
			e.Error("the old password is good")
		}
		if got := e.events(id, time.Time{}, 10); len(got) != 4 {
			e.Errorf("a refused change is among %+v", got)
		}
	}
}

func (e *env[U]) wantEvent(what string, id driver.UserID, kind driver.EventKind) {
	e.Helper()
	got := e.events(id, time.Time{}, 1)
	if len(got) != 1 || got[0].Kind != kind || !got[0].At.Equal(e.now()) {
		e.Errorf("%s: the last event is %+v, want %s", what, got, kind)
	}
}

func eventsAreTheirs[U any](e *env[U]) {
	id, _ := e.user()
	other, _ := e.user()
	e.Advance(time.Second)
	e.record(other, "theirs")
	for _, event := range e.events(id, time.Time{}, 100) {
		if event.User != id {
			e.Errorf("the user has %+v", event)
		}
	}
}
