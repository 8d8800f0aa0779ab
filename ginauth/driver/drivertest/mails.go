package drivertest

import (
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

func mailsGroup[U any]() group[U] {
	return group[U]{"Mails", implements[driver.Mails[U]], map[string]func(*env[U]){
		"QueueMail stores a mail once":                                   queuesOnce[U],
		"QueueMail for an unknown user is ErrNoUser":                     queuesForNobody[U],
		"ClaimMail hides a mail for the lease":                           claims[U],
		"ClaimMail gives each mail to one of parallel callers":           claimRace[U],
		"SettleMail removes what was sent, and repeats what was not":     settlesMail[U],
		"PrepareMail returns the recipient":                              prepares[U],
		"PrepareMail is ErrNoMail where a mail must not be sent":         preparesNothing[U],
		"PrepareMail finds the address of a username":                    preparesByUsername[U],
		"PrepareMail voids tokens of earlier mails of its kind":          voidsOlder[U],
		"CreateUserAndMail stores a user whose password is not in force": pendingUser[U],
		"CreateUserAndMail mails to the owner of a taken address":        takenAddress[U],
		"CreateUserAndMail stores nothing when fill fails":               mailFillFails[U],
	}}
}

func (e *env[U]) mails() driver.Mails[U] {
	e.Helper()
	return need[driver.Mails[U]](e)
}

func orderOf(k driver.MailKind, id driver.UserID, n driver.NewUser) driver.MailOrder {
	o := driver.MailOrder{Kind: k, Email: n.Email, Canonical: n.Canonical, Locale: "de"}
	switch k {
	case driver.MailChange, driver.MailUndo, driver.MailPassword, driver.MailNewBrowser, driver.MailReuse:
		o.UserID = id
	default: // for whoever has the address
	}
	return o
}

func (e *env[U]) queue(o driver.MailOrder) {
	e.Helper()
	e.must("queueing a mail", e.mails().QueueMail(e.Context(), o))
}

// claim takes all mails that are due.
func (e *env[U]) claim() []driver.Mail {
	e.Helper()
	list, err := e.mails().ClaimMail(e.Context(), 100, time.Minute)
	e.must("claiming mails", err)
	return list
}

// deliver sends all mails that are due, and returns the token of the one of a kind.
func (e *env[U]) deliver(k driver.MailKind) driver.Digest {
	e.Helper()
	token := e.deliverIfAny(k)
	if token == (driver.Digest{}) {
		e.Fatalf("no mail of the kind %q is due", k)
	}
	return token
}

func (e *env[U]) deliverIfAny(k driver.MailKind) (token driver.Digest) {
	e.Helper()
	for _, m := range e.claim() {
		d := newDigest()
		_, err := e.mails().PrepareMail(e.Context(), m.ID, d, time.Hour)
		if errors.Is(err, driver.ErrNoMail) {
			continue
		}
		e.must("preparing a mail", err)
		e.must("settling a mail", e.mails().SettleMail(e.Context(), m.ID, m.Attempt, driver.MailOutcome{}))
		if m.Kind == k {
			token = d
		}
	}
	return token
}

// link mails a token to a user.
func (e *env[U]) link(k driver.MailKind, id driver.UserID, n driver.NewUser) driver.Digest {
	e.Helper()
	e.queue(orderOf(k, id, n))
	return e.deliver(k)
}

// drain sends what the store has queued itself, such as a mail that proves the address of a new user.
func (e *env[U]) drain() {
	e.Helper()
	e.deliverIfAny("")
}

func queuesOnce[U any](e *env[U]) {
	id, n := e.user()
	e.drain()
	for range 3 {
		e.queue(orderOf(driver.MailReset, id, n))
	}
	e.queue(orderOf(driver.MailLogin, id, n))
	at := e.now()
	list := e.claim()
	if len(list) != 2 {
		e.Fatalf("%d mails, want 2: %+v", len(list), list)
	}
	for _, m := range list {
		if m.ID == "" || m.Attempt != 1 || m.Locale != "de" || !m.OrderedAt.Equal(at) || !m.Now.Equal(at) {
			e.Errorf("the mail is %+v", m)
		}
	}
	e.queue(orderOf(driver.MailReset, id, n))
	if list = e.claim(); len(list) > 0 {
		e.Errorf("a mail that is on its way is queued again: %+v", list)
	}
}

func queuesForNobody[U any](e *env[U]) {
	_, n := e.user()
	e.drain()
	for _, unknown := range unknownIDs()[:2] {
		o := orderOf(driver.MailPassword, driver.UserID(unknown), n)
		e.want("queueing for "+unknown, e.mails().QueueMail(e.Context(), o), driver.ErrNoUser)
	}
	o := orderOf(driver.MailReset, "", driver.NewUser{Email: "nobody@example.com", Canonical: "nobody@example.com"})
	e.must("queueing to an address without account", e.mails().QueueMail(e.Context(), o))
}

func claims[U any](e *env[U]) {
	id, n := e.user()
	e.drain()
	e.queue(orderOf(driver.MailReset, id, n))
	first := e.claim()
	e.Advance(time.Minute - moment)
	if again := e.claim(); len(first) != 1 || len(again) > 0 {
		e.Errorf("within the lease: %+v after %+v", again, first)
	}
	e.Advance(moment)
	again := e.claim()
	if len(again) != 1 || again[0].ID != first[0].ID || again[0].Attempt != 2 || !again[0].OrderedAt.Equal(first[0].OrderedAt) {
		e.Errorf("after the lease: %+v after %+v", again, first)
	}
	for _, k := range []driver.MailKind{driver.MailLogin, driver.MailPassword, driver.MailNewBrowser} {
		e.queue(orderOf(k, id, n))
	}
	if list, err := e.mails().ClaimMail(e.Context(), 2, time.Minute); err != nil || len(list) != 2 {
		e.Errorf("at most two: %+v, %v", list, err)
	}
}

func claimRace[U any](e *env[U]) {
	for range 4 {
		_, n := e.user()
		e.queue(orderOf(driver.MailTaken, "", n))
	}
	e.Advance(time.Hour)
	all := len(e.claim())
	e.Advance(time.Minute)
	var mu sync.Mutex
	seen := map[driver.MailID]int{}
	for _, err := range e.together(callers, func(int) error {
		list, err := e.mails().ClaimMail(e.Context(), 2, time.Minute)
		mu.Lock()
		defer mu.Unlock()
		for _, m := range list {
			seen[m.ID]++
		}
		return err
	}) {
		e.must("claiming mails", err)
	}
	for id, n := range seen {
		if n != 1 {
			e.Errorf("%d callers have the mail %s", n, id)
		}
	}
	if len(seen)+len(e.claim()) != all {
		e.Errorf("%d mails were claimed at once, and not the others then", len(seen))
	}
}

func settlesMail[U any](e *env[U]) {
	id, n := e.user()
	e.drain()
	settle := func(m driver.Mail, attempt int, o driver.MailOutcome) {
		e.Helper()
		e.must("settling a mail", e.mails().SettleMail(e.Context(), m.ID, attempt, o))
	}
	e.queue(orderOf(driver.MailReset, id, n))
	m := e.claim()[0]
	settle(m, 1, driver.MailOutcome{Failure: "busy", RetryIn: time.Second})
	e.Advance(time.Second - moment)
	if list := e.claim(); len(list) > 0 {
		e.Errorf("before the next attempt: %+v", list)
	}
	e.Advance(moment)
	if list := e.claim(); len(list) != 1 || list[0].Attempt != 2 {
		e.Fatalf("the next attempt: %+v", list)
	}
	settle(m, 1, driver.MailOutcome{Failure: "late news"})
	e.Advance(time.Minute)
	if list := e.claim(); len(list) != 1 || list[0].Attempt != 3 {
		e.Fatalf("an attempt that is not the last gave the mail up: %+v", list)
	}
	settle(m, 2, driver.MailOutcome{})
	e.Advance(time.Hour)
	if list := e.claim(); len(list) > 0 {
		e.Errorf("a mail that was sent is due: %+v", list)
	}
	e.queue(orderOf(driver.MailReset, id, n))
	m = e.claim()[0]
	settle(m, 1, driver.MailOutcome{Failure: "no such mailbox"})
	e.Advance(time.Hour)
	if list := e.claim(); len(list) > 0 {
		e.Errorf("a mail that was given up is due: %+v", list)
	}
	_, err := e.mails().PrepareMail(e.Context(), m.ID, newDigest(), time.Hour)
	e.want("preparing it", err, driver.ErrNoMail)
	e.queue(orderOf(driver.MailReset, id, n))
	if list := e.claim(); len(list) != 1 {
		e.Errorf("a new order: %+v", list)
	}
	for _, unknown := range unknownIDs() {
		settle(driver.Mail{ID: driver.MailID(unknown)}, 1, driver.MailOutcome{})
	}
}

func prepares[U any](e *env[U]) {
	id, n := e.user()
	e.drain()
	e.queue(orderOf(driver.MailReset, "", driver.NewUser{Email: strings.ToUpper(n.Email), Canonical: n.Canonical}))
	m := e.claim()[0]
	token := newDigest()
	to, err := e.mails().PrepareMail(e.Context(), m.ID, token, time.Hour)
	if err != nil || e.Account(to.User).ID != id || to.Email != n.Email {
		e.Errorf("to the address that the store has: %s, %q, %v", e.Account(to.User).ID, to.Email, err)
	}
	u, address, err := e.mails().FindEmailToken(e.Context(), driver.MailReset, token)
	if err != nil || e.Account(u).ID != id || address != n.Email {
		e.Errorf("the token: %s, %q, %v", e.Account(u).ID, address, err)
	}
	o := orderOf(driver.MailPassword, id, driver.NewUser{Email: "Former@example.com", Canonical: "former@example.com"})
	e.queue(o)
	for _, m := range e.claim() {
		if to, err = e.mails().PrepareMail(e.Context(), m.ID, driver.Digest{}, 0); err != nil || to.Email != o.Email {
			e.Errorf("a notice to the address of the order: %q, %v", to.Email, err)
		}
	}
}

func preparesNothing[U any](e *env[U]) {
	id, n := e.user()
	e.drain()
	for _, unknown := range unknownIDs() {
		_, err := e.mails().PrepareMail(e.Context(), driver.MailID(unknown), newDigest(), time.Hour)
		e.want("preparing "+unknown, err, driver.ErrNoMail)
	}
	nobody := driver.NewUser{Email: "nobody@example.com", Canonical: "nobody@example.com"}
	_, other := e.user()
	e.drain()
	for name, o := range map[string]driver.MailOrder{
		"an address without account":        orderOf(driver.MailReset, "", nobody),
		"a change to another one's address": orderOf(driver.MailChange, id, other),
	} {
		e.queue(o)
		for _, m := range e.claim() {
			token := newDigest()
			_, err := e.mails().PrepareMail(e.Context(), m.ID, token, time.Hour)
			e.want(name, err, driver.ErrNoMail)
			_, _, err = e.mails().FindEmailToken(e.Context(), o.Kind, token)
			e.want(name, err, driver.ErrNoEmailToken)
		}
	}
	e.queue(orderOf(driver.MailReset, id, n))
	e.disable(id)
	for _, m := range e.claim() {
		_, err := e.mails().PrepareMail(e.Context(), m.ID, newDigest(), time.Hour)
		e.want("a disabled user", err, driver.ErrNoMail)
	}
}

func voidsOlder[U any](e *env[U]) {
	id, n := e.user()
	e.drain()
	older, login := e.link(driver.MailReset, id, n), e.link(driver.MailLogin, id, n)
	newer := e.link(driver.MailReset, id, n)
	e.isGood("the older one", driver.MailReset, older, driver.ErrNoEmailToken)
	e.isGood("the newer one", driver.MailReset, newer, nil)
	e.isGood("one of another kind", driver.MailLogin, login, nil)
	first, second := e.link(driver.MailUndo, id, n), e.link(driver.MailUndo, id, n)
	e.isGood("the first way back", driver.MailUndo, first, nil)
	e.isGood("the second way back", driver.MailUndo, second, nil)
}

func (e *env[U]) isGood(what string, k driver.MailKind, token driver.Digest, want error) {
	e.Helper()
	_, _, err := e.mails().FindEmailToken(e.Context(), k, token)
	if want != nil {
		e.want(what, err, want)
	} else if err != nil {
		e.Errorf("%s: %v", what, err)
	}
}

func pendingUser[U any](e *env[U]) {
	n := e.newUser()
	n.Verified = true // is not for this call
	created, err := e.mails().CreateUserAndMail(e.Context(), n, nil, "de")
	if err != nil || !created {
		e.Fatalf("creating: %v, %v", created, err)
	}
	u, h, err := e.Store.FindCredential(e.Context(), n.Canonical)
	if err != nil || !h.IsZero() || e.Account(u).Verified {
		e.Errorf("before the proof: the hash is zero: %v, %+v, %v", h.IsZero(), e.Account(u), err)
	}
	token := e.deliver(driver.MailVerify)
	if h, err = e.mails().FindPendingPassword(e.Context(), token); err != nil || !h.Equal(n.Hash) {
		e.Errorf("the password that is not in force is not found, %v", err)
	}
	if h, err = e.mails().FindPendingPassword(e.Context(), newDigest()); err != nil || !h.IsZero() {
		e.Errorf("by an unknown token: zero %v, %v", h.IsZero(), err)
	}
	u, err = e.mails().UseEmailToken(e.Context(), driver.EmailTokenUse{Kind: driver.MailVerify, Digest: token})
	if err != nil || !e.Account(u).Verified {
		e.Errorf("the proof: %+v, %v", e.Account(u), err)
	}
	if _, h, err = e.Store.FindCredential(e.Context(), n.Canonical); err != nil || !h.Equal(n.Hash) {
		e.Errorf("after the proof: the hash is not in force, %v", err)
	}
}

func takenAddress[U any](e *env[U]) {
	id, n := e.user()
	e.drain()
	again := n
	again.Name, again.Hash = "Somebody else", hash('b')
	filled := false
	created, err := e.mails().CreateUserAndMail(e.Context(), again, func(*U) error { filled = true; return nil }, "de")
	if err != nil || created || !filled {
		e.Errorf("created: %v, fill was called: %v, %v", created, filled, err)
	}
	list := e.claim()
	if len(list) != 1 || list[0].Kind != driver.MailTaken || list[0].Locale != "de" {
		e.Fatalf("the mails are %+v", list)
	}
	if to, err := e.mails().PrepareMail(e.Context(), list[0].ID, driver.Digest{}, 0); err != nil || e.Account(to.User).ID != id {
		e.Errorf("it goes to %s, %v", e.Account(to.User).ID, err)
	}
	if _, h, err := e.Store.FindCredential(e.Context(), n.Canonical); err != nil || !h.Equal(n.Hash) {
		e.Errorf("the account has changed, %v", err)
	}
}

func mailFillFails[U any](e *env[U]) {
	n, failure := e.newUser(), errors.New("the app refuses")
	_, taken := e.user()
	e.drain()
	for _, n := range []driver.NewUser{n, taken} {
		created, err := e.mails().CreateUserAndMail(e.Context(), n, func(*U) error { return failure }, "")
		if err != failure || created { //nolint:errorlint // as it is
			e.Errorf("got %v and the error %v, want the one of fill as it is", created, err)
		}
	}
	if list := e.claim(); len(list) > 0 {
		e.Errorf("there are mails: %+v", list)
	}
}
