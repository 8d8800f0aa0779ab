package email_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestAddressIsChangedAndChangedBack(t *testing.T) { // SEC-111, SEC-112
	t.Parallel()
	a := newApp(t)
	owner := a.verified(t)
	login := a.token(t, "/send")
	want(t, "change", owner.post("/email", `{"email":"Lady@Example.org"}`), http.StatusAccepted)
	mail := a.one(t)
	if mail.to != "Lady@Example.org" {
		t.Fatalf("the link went to %s", mail.to)
	}
	if !a.logsIn("ada@example.com", adaOld) {
		t.Error("the address changed before it was confirmed")
	}
	token := mail.token(t)
	wantProblem(t, "a stranger", a.anyone().use("/confirm", token), http.StatusForbidden, "proof_required")
	want(t, "confirm", owner.use("/confirm", token), http.StatusNoContent)
	if !owner.loggedIn() || a.logsIn("ada@example.com", adaOld) || !a.logsIn("lady@example.org", adaOld) {
		t.Error("the account does not have the new address")
	}
	wantProblem(t, "a link to the former address", a.anyone().use("/magic", login), http.StatusGone, "link_invalid")

	notice := a.one(t)
	if notice.to != "Ada@Example.com" || strings.Contains(notice.plain, "lady") || strings.Contains(notice.plain, "Lady") {
		t.Errorf("the notice is %+v", notice)
	}
	want(t, "undo", a.anyone().use("/undo", notice.token(t)), http.StatusNoContent)
	if owner.loggedIn() || a.logsIn("ada@example.com", adaOld) || a.logsIn("lady@example.org", adaOld) {
		t.Error("who changed the address is still in")
	}
	want(t, "reset", a.anyone().use("/reset", a.token(t, "/forgot"), adaNew), http.StatusNoContent)
	if !a.logsIn("ada@example.com", adaNew) {
		t.Error("the owner is not back in")
	}
}

func TestAThiefCannotOutrunTheUndoLink(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	thief := a.verified(t)
	var undos []string
	for _, address := range []string{"thief@example.org", "second@example.org"} {
		a.clock.Advance(time.Minute)
		want(t, "change", thief.post("/email", `{"email":"`+address+`"}`), http.StatusAccepted)
		want(t, "confirm", thief.use("/confirm", a.one(t).token(t)), http.StatusNoContent)
		undos = append(undos, a.one(t).token(t))
	}
	want(t, "the thief's undo", thief.use("/undo", undos[1]), http.StatusNoContent)
	want(t, "the owner's undo", a.anyone().use("/undo", undos[0]), http.StatusNoContent)
	wantProblem(t, "the thief's undo, again", thief.use("/undo", undos[1]), http.StatusGone, "link_invalid")
	if n := a.count(t, `SELECT count(*) FROM ginauth.users WHERE email = 'Ada@Example.com' AND password_hash IS NULL`); n != 1 {
		t.Error("the owner's address is not back")
	}
}

func TestChangeNeedsFreshProof(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	owner := a.verified(t)
	a.clock.Advance(11 * time.Minute)
	wantProblem(t, "stale", owner.post("/email", `{"email":"lady@example.org"}`), http.StatusForbidden, "reauthentication_required")
	want(t, "reauthenticate", owner.post("/reauthenticate", `{"password":"`+adaOld+`"}`), http.StatusNoContent)
	want(t, "fresh", owner.post("/email", `{"email":"lady@example.org"}`), http.StatusAccepted)
	wantProblem(t, "nobody", a.anyone().post("/email", `{"email":"lady@example.org"}`), http.StatusUnauthorized, "unauthenticated")
}

func TestChangeToATakenAddress(t *testing.T) { // SEC-31
	t.Parallel()
	a := newApp(t)
	owner := a.verified(t)
	want(t, "free", owner.post("/email", `{"email":"grace@example.com"}`), http.StatusAccepted)
	token := a.one(t).token(t)
	want(t, "sign-up", a.anyone().post("/signup", `{"name":"Grace","email":"grace@example.com","password":"nanoseconds are short wires"}`), http.StatusCreated)
	wantProblem(t, "taken meanwhile", owner.use("/confirm", token), http.StatusConflict, "email_taken")
	if n := a.count(t, `SELECT count(*) FROM ginauth.email_tokens`); n != 1 {
		t.Errorf("%d tokens are left", n)
	}
	want(t, "taken", owner.post("/email", `{"email":"GRACE@example.com"}`), http.StatusAccepted)
	a.none(t, "the address has an account")
}

// People write their names as they like, and may think again.
func TestTheSpellingOfOnesOwnAddressCanBeChanged(t *testing.T) { // SEC-111
	t.Parallel()
	a := newApp(t)
	owner := a.verified(t)
	want(t, "another spelling", owner.post("/email", `{"email":"ADA@example.com"}`), http.StatusAccepted)
	mail := a.one(t)
	if mail.to != "ADA@example.com" {
		t.Errorf("the link went to %s", mail.to)
	}
	want(t, "confirm", owner.use("/confirm", mail.token(t)), http.StatusNoContent)
	if got := a.text(t, `SELECT email FROM ginauth.users`); got != "ADA@example.com" {
		t.Errorf("the address is %s", got)
	}
	notice := a.one(t) // a host may tell ada from ADA
	if notice.to != "Ada@Example.com" {
		t.Errorf("the notice went to %s", notice.to)
	}
	if !owner.loggedIn() || !a.logsIn("ada@example.com", adaOld) {
		t.Error("the owner cannot log in")
	}
	want(t, "undo", a.anyone().use("/undo", notice.token(t)), http.StatusNoContent)
	if got := a.text(t, `SELECT email FROM ginauth.users`); got != "Ada@Example.com" {
		t.Errorf("after the undo, the address is %s", got)
	}
}

func TestTheSameAddressIsConfirmedAndNotTold(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	owner := a.verified(t)
	want(t, "the same", owner.post("/email", `{"email":"Ada@Example.com"}`), http.StatusAccepted)
	want(t, "confirm", owner.use("/confirm", a.one(t).token(t)), http.StatusNoContent)
	a.none(t, "nothing was changed")
}

func TestAnUnprovedFormerAddressIsToldNothing(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	owner := a.signUp(t) // with a typo, perhaps
	want(t, "change", owner.post("/email", `{"email":"lady@example.org"}`), http.StatusAccepted)
	want(t, "confirm", owner.use("/confirm", a.one(t).token(t)), http.StatusNoContent)
	a.none(t, "the former address may be a stranger's")
}

func TestParallelChangesProveTheirOwnAddress(t *testing.T) { // SEC-112
	t.Parallel()
	a := newApp(t)
	owner, elsewhere := a.verified(t), a.anyone()
	want(t, "login", elsewhere.post("/login", adaLogin), http.StatusOK)
	for range 20 {
		a.exec(t, `DELETE FROM ginauth.outbox`)
		a.exec(t, `DELETE FROM ginauth.email_tokens`)
		want(t, "mine", owner.post("/email", `{"email":"mine@example.org"}`), http.StatusAccepted)
		mine := a.one(t).token(t)
		codes := together(2, func(i int) int {
			if i == 0 {
				return elsewhere.post("/email", `{"email":"victim@example.org"}`).Code
			}
			return owner.use("/confirm", mine).Code
		})
		if codes[http.StatusAccepted] != 1 || codes[http.StatusNoContent] != 1 {
			t.Fatalf("%v", codes)
		}
		if n := a.count(t, `SELECT count(*) FROM ginauth.users WHERE email_canonical = 'mine@example.org'`); n != 1 {
			t.Fatal("another address was confirmed")
		}
		a.exec(t, `UPDATE ginauth.users SET email = 'Ada@Example.com', email_canonical = 'ada@example.com'`)
	}
}
