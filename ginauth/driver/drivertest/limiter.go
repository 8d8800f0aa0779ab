package drivertest

import (
	"crypto/rand"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

func limiterGroup[U any]() group[U] {
	return group[U]{"Limiter", implements[driver.Limiter], map[string]func(*env[U]){
		"CountAttempt admits the burst of a rate and then one at a time": ratesWait[U],
		"CountAttempt counts nothing where one rate refuses":             refusedCountsNothing[U],
		"CountAttempt makes guesses wait longer and longer":              guessesWait[U],
		"CountAttempt admits no more guesses in parallel":                guessRace[U],
		"CountAttempt admits no more of a rate in parallel":              rateRace[U],
		"failures are forgotten after their time":                        guessesForgotten[U],
		"SettleAttempt takes back the client's own guesses in a row":     settlesOwn[U],
		"SettleAttempt takes back all guesses when asked to":             settlesAll[U],
		"a known browser is counted apart":                               browserApart[U],
		"a browser is forgotten after its time":                          browserForgotten[U],
		"a browser is forgotten when the user's sessions are revoked":    browserRevoked[U],
		"a browser beyond the limit is forgotten":                        browserLimit[U],
		"a browser becomes known only for the identifier of its user":    browserIdentifier[U],
		"CreateSession settles the attempt that it is told of":           settledWithSession[U],
	}}
}

func newKey() (k driver.LimitKey) {
	_, _ = rand.Read(k[:])
	return k
}

func guessAt(key, client driver.LimitKey) driver.Attempt {
	return driver.Attempt{Guess: driver.GuessLimit{
		Key: key, Client: client, Free: 2, Max: 6, MaxOnBrowser: 3, MaxWait: 10 * time.Second, Memory: time.Hour,
	}}
}

func (e *env[U]) count(a driver.Attempt) driver.Verdict {
	e.Helper()
	v, err := need[driver.Limiter](e).CountAttempt(e.Context(), a)
	e.must("counting an attempt", err)
	return v
}

func (e *env[U]) settle(s driver.Settlement) bool {
	e.Helper()
	known, err := need[driver.Limiter](e).SettleAttempt(e.Context(), s)
	e.must("settling an attempt", err)
	return known
}

// waits compares how long an attempt has to wait; zero is admitted.
func (e *env[U]) waits(which string, a driver.Attempt, want time.Duration) {
	e.Helper()
	if v := e.count(a); v.Wait != want {
		e.Errorf("%s: the wait is %s, want %s", which, v.Wait, want)
	}
}

func rate(key driver.LimitKey, burst int) driver.RateLimit {
	return driver.RateLimit{Key: key, Every: time.Minute, Burst: burst}
}

func ratesWait[U any](e *env[U]) {
	a := driver.Attempt{Rates: []driver.RateLimit{rate(newKey(), 3)}}
	for range 3 {
		e.waits("within the burst", a, 0)
	}
	e.waits("after the burst", a, time.Minute)
	e.waits("again", a, time.Minute)
	e.Advance(time.Minute - moment)
	e.waits("just before", a, moment)
	e.Advance(moment)
	e.waits("after the time", a, 0)
	e.waits("and once more", a, time.Minute)
	e.Advance(time.Hour)
	for range 3 {
		e.waits("within the next burst", a, 0)
	}
	e.waits("after the next burst", a, time.Minute)
	e.waits("by another key", driver.Attempt{Rates: []driver.RateLimit{rate(newKey(), 3)}}, 0)
}

func refusedCountsNothing[U any](e *env[U]) {
	full, free, guess := rate(newKey(), 1), rate(newKey(), 1), guessAt(newKey(), newKey())
	e.waits("the first one", driver.Attempt{Rates: []driver.RateLimit{full}}, 0)
	both := driver.Attempt{Rates: []driver.RateLimit{free, full}, Guess: guess.Guess}
	for range 4 {
		e.waits("with a rate that is full", both, time.Minute)
	}
	e.waits("the rate that has room", driver.Attempt{Rates: []driver.RateLimit{free}}, 0)
	for range 3 {
		e.waits("the guesses", guess, 0)
	}
}

func guessesWait[U any](e *env[U]) {
	a := guessAt(newKey(), newKey())
	for n, wait := range []time.Duration{0, 0, 0, 2 * time.Second, 4 * time.Second, 8 * time.Second, 6 * time.Hour} {
		if wait > 0 {
			v := e.count(a)
			if v.Wait != wait || !v.Guesses {
				e.Errorf("guess %d: %+v, want a wait of %s for guesses", n, v, wait)
			}
			e.Advance(wait - moment)
			if wait > time.Hour {
				break
			}
			e.waits("just before", a, moment)
			e.Advance(moment)
		}
		e.waits("after the wait", a, 0)
	}
	e.waits("at another secret", guessAt(newKey(), a.Guess.Client), 0)
}

func guessRace[U any](e *env[U]) {
	a := guessAt(newKey(), newKey())
	admitted := e.admittedOf(a)
	if admitted != 3 { // two are free, and the one after them
		e.Errorf("%d parallel guesses are admitted, want 3", admitted)
	}
}

func rateRace[U any](e *env[U]) {
	if admitted := e.admittedOf(driver.Attempt{Rates: []driver.RateLimit{rate(newKey(), 2)}}); admitted != 2 {
		e.Errorf("%d parallel attempts are admitted, want 2", admitted)
	}
}

// admittedOf counts one attempt often, in parallel.
func (e *env[U]) admittedOf(a driver.Attempt) (n int) {
	e.Helper()
	limiter := need[driver.Limiter](e)
	verdicts := make([]driver.Verdict, 4*callers)
	for i, err := range e.together(len(verdicts), func(i int) (err error) {
		verdicts[i], err = limiter.CountAttempt(e.Context(), a)
		return err
	}) {
		e.must("counting an attempt", err)
		if verdicts[i].Wait == 0 {
			n++
		}
	}
	return n
}

func guessesForgotten[U any](e *env[U]) {
	a := guessAt(newKey(), newKey())
	for range 3 {
		e.waits("a first guess", a, 0)
	}
	e.Advance(3*time.Hour - moment)
	e.waits("just before three failures are forgotten", a, 0)
	e.waits("the next one", a, 4*time.Second)
	e.Advance(4 * time.Hour)
	for range 3 {
		e.waits("after they were forgotten", a, 0)
	}
	e.waits("the next one", a, 2*time.Second)
}

func settlesOwn[U any](e *env[U]) {
	key, thief, owner := newKey(), newKey(), newKey()
	for range 2 {
		e.waits("the thief's", guessAt(key, thief), 0)
	}
	e.waits("the owner's", guessAt(key, owner), 0)
	e.settle(driver.Settlement{Attempt: guessAt(key, owner)})
	e.waits("the thief's third one", guessAt(key, thief), 0)
	e.waits("the thief's fourth one", guessAt(key, thief), 2*time.Second)
	own := newKey()
	for range 3 {
		e.waits("the owner's in a row", guessAt(own, owner), 0)
	}
	e.settle(driver.Settlement{Attempt: guessAt(own, owner)})
	for range 3 {
		e.waits("after all were taken back", guessAt(own, owner), 0)
	}
	e.waits("and one more", guessAt(own, owner), 2*time.Second)
	limited := driver.Attempt{Rates: []driver.RateLimit{rate(newKey(), 1)}}
	e.waits("a rate", limited, 0)
	e.settle(driver.Settlement{Attempt: limited})
	e.waits("a rate is not taken back", limited, time.Minute)
}

func settlesAll[U any](e *env[U]) {
	key := newKey()
	for range 3 {
		e.waits("a guess", guessAt(key, newKey()), 0)
	}
	e.settle(driver.Settlement{Attempt: guessAt(key, newKey()), All: true})
	for range 3 {
		e.waits("after all were taken back", guessAt(key, newKey()), 0)
	}
	e.waits("and one more", guessAt(key, newKey()), 2*time.Second)
}

// browser makes a browser known, or skips the rule where the store keeps none.
func (e *env[U]) browser(id driver.UserID, n driver.NewUser) driver.LimitKey {
	e.Helper()
	k := newKey()
	if !e.settle(driver.Settlement{User: id, Identifier: n.Canonical, Browser: k, Keep: 24 * time.Hour, Limit: 3}) {
		e.Skip("the store keeps no browsers")
	}
	return k
}

func (e *env[U]) knows(when string, browser driver.LimitKey, want bool) {
	e.Helper()
	a := guessAt(newKey(), newKey())
	a.Guess.Browser = browser
	if v := e.count(a); v.Wait != 0 || v.Known != want {
		e.Errorf("%s: the verdict is %+v, want known: %v", when, v, want)
	}
}

func browserApart[U any](e *env[U]) {
	id, n := e.user()
	key, client := newKey(), newKey()
	a := guessAt(key, client)
	a.Guess.Browser = e.browser(id, n)
	for range 3 {
		e.waits("a stranger's", guessAt(key, newKey()), 0)
	}
	e.waits("a stranger's", guessAt(key, newKey()), 2*time.Second)
	for range 3 {
		if v := e.count(a); v.Wait != 0 || !v.Known {
			e.Errorf("on the browser: %+v", v)
		}
	}
	if v := e.count(a); v.Wait != 2*time.Second || v.Known {
		e.Errorf("on the browser after its failures: %+v", v)
	}
	if !e.settle(driver.Settlement{Attempt: a, Known: true, User: id, Keep: 24 * time.Hour, Limit: 3}) {
		e.Error("the browser is not known any more")
	}
	if v := e.count(a); v.Wait != 0 || !v.Known {
		e.Errorf("after its failures were forgotten: %+v", v)
	}
	unknown := a
	unknown.Guess.Browser = newKey()
	if e.settle(driver.Settlement{Attempt: unknown, Known: true, User: id, Keep: time.Hour, Limit: 3}) {
		e.Error("a browser that is unknown is said to be known")
	}
}

func browserForgotten[U any](e *env[U]) {
	id, n := e.user()
	k := e.browser(id, n)
	e.Advance(24*time.Hour - moment)
	e.knows("just before", k, true)
	e.Advance(moment)
	e.knows("at the end", k, false)
}

func browserRevoked[U any](e *env[U]) {
	logins := need[driver.Logins](e)
	id, n := e.user()
	other, m := e.user()
	k, theirs := e.browser(id, n), e.browser(other, m)
	e.must("revoking", logins.RevokeUserSessions(e.Context(), id, ""))
	e.knows("the user's", k, false)
	e.knows("somebody else's", theirs, true)
}

func browserLimit[U any](e *env[U]) {
	id, n := e.user()
	var all []driver.LimitKey
	for range 4 {
		all = append(all, e.browser(id, n))
		e.Advance(time.Second)
	}
	e.knows("the first", all[0], false)
	for _, k := range all[1:] {
		e.knows("a later one", k, true)
	}
}

func browserIdentifier[U any](e *env[U]) {
	id, n := e.user()
	e.browser(id, n)
	k := newKey()
	if !e.external && e.settle(driver.Settlement{User: id, Identifier: "former@example.com", Browser: k, Keep: time.Hour, Limit: 3}) {
		e.Error("a browser is known at an identifier that is not the user's")
	}
	e.knows("the browser", k, false)
	if e.settle(driver.Settlement{User: driver.UserID(unknownIDs()[0]), Identifier: n.Canonical, Browser: k, Keep: time.Hour, Limit: 3}) {
		e.Error("a browser is known to nobody")
	}
}

func settledWithSession[U any](e *env[U]) {
	id, n := e.user()
	a := guessAt(newKey(), newKey())
	for range 3 {
		e.waits("a guess", a, 0)
	}
	k := newKey()
	s := newSession(id)
	s.Limit = 10
	s.Settles = &driver.Settlement{Attempt: a, User: id, Identifier: n.Canonical, Browser: k, Keep: time.Hour, Limit: 3}
	made := e.loginAs(s)
	if !made.Settled {
		e.Skip("the store settles no attempt with a session")
	}
	e.waits("after the login", a, 0)
	if made.KnownBrowser {
		e.knows("the browser", k, true)
	}
	found, err := e.sessions.FindSession(e.Context(), s.Digest)
	if err != nil || found.Settled || found.KnownBrowser {
		e.Errorf("the session that is found: %+v, %v", found, err)
	}
	if e.external {
		return // it refuses by no password
	}
	refused := newSession(id)
	refused.Credential, refused.Settles, refused.Limit = hash('x'), &driver.Settlement{Attempt: a, All: true}, 10
	e.waits("a second guess", a, 0)
	e.waits("a third guess", a, 0)
	_, err = e.sessions.CreateSession(e.Context(), refused)
	e.want("a session that is refused", err, driver.ErrNoUser)
	e.waits("the fourth guess", a, 2*time.Second)
}

func credentialLimiterGroup[U any]() group[U] {
	return group[U]{"CredentialLimiter", implements[driver.CredentialLimiter[U]], map[string]func(*env[U]){
		"CountAndFindCredential counts, and finds when admitted": countsAndFinds[U],
		"CountAndFindCredential finds by the username":           countsAndFindsByUsername[U],
	}}
}

func countsAndFinds[U any](e *env[U]) {
	id, n := e.user()
	both := need[driver.CredentialLimiter[U]](e)
	a := guessAt(newKey(), newKey())
	for range 2 {
		v, u, h, err := both.CountAndFindCredential(e.Context(), a, n.Canonical)
		if err != nil || v.Wait != 0 || e.Account(u).ID != id || !h.Equal(n.Hash) {
			e.Errorf("admitted: %+v, the user %s, %v", v, e.Account(u).ID, err)
		}
	}
	v, _, _, err := both.CountAndFindCredential(e.Context(), a, "nobody@example.com")
	e.want("an unknown identifier", err, driver.ErrNoUser)
	if v.Wait != 0 {
		e.Errorf("an unknown identifier: %+v", v)
	}
	v, u, h, err := both.CountAndFindCredential(e.Context(), a, n.Canonical)
	if err != nil || v.Wait != 2*time.Second || !v.Guesses || !h.IsZero() || e.Account(u).ID != "" {
		e.Errorf("refused: %+v, the user %q, %v", v, e.Account(u).ID, err)
	}
}

func countsAndFindsByUsername[U any](e *env[U]) {
	n := withUsername(e.newUser(), "Ada")
	id := e.named(n)
	both, a := need[driver.CredentialLimiter[U]](e), guessAt(newKey(), newKey())
	v, u, h, err := both.CountAndFindCredential(e.Context(), a, "ada")
	if err != nil || v.Wait != 0 || e.Account(u).ID != id || !h.Equal(n.Hash) {
		e.Errorf("admitted: %+v, the user %s, %v", v, e.Account(u).ID, err)
	}
	_, _, _, err = both.CountAndFindCredential(e.Context(), a, "nobody")
	e.want("an unknown username", err, driver.ErrNoUser)
	e.browser(id, n)
	k := newKey()
	if !e.settle(driver.Settlement{User: id, Identifier: "ada", Browser: k, Keep: lifetime, Limit: 3}) {
		e.Error("a browser is not known at the user's username")
	}
	e.knows("the browser", k, true)
}
