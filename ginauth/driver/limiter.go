package driver

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/ginauth/ginauth/ginauth/password"
)

// Limiter counts attempts, so that guessing takes too long. An attempt that cannot be counted is
// refused. Without one, package ginauth counts in the memory of its process.
type Limiter interface {
	// CountAttempt counts an attempt against everything that it names. Where one of these does not
	// admit the attempt, it counts nothing and returns how long to wait. Of parallel attempts, no
	// more are admitted than one after the other would be. An attempt that loses a race to a parallel
	// one is refused and may still count against Rates, but not as a guess, and not on its browser.
	CountAttempt(ctx context.Context, a Attempt) (Verdict, error)
	// SettleAttempt says that an admitted attempt has succeeded. It takes back the guesses that the
	// attempt's client made in a row, this one too, and no others, unless s.All is set; rates are not
	// taken back. When s.Known is set it forgets the failures on the attempt's browser instead. It
	// returns whether s.Browser, or with s.Known the attempt's browser, is known from now on; a store
	// that keeps no known browsers returns false.
	SettleAttempt(ctx context.Context, s Settlement) (known bool, err error)
}

// CredentialLimiter is an optional fast path of a store that is Limiter and Users: one step instead
// of CountAttempt and FindCredential. A type that embeds another store and replaces its
// FindCredential has to replace this method too.
type CredentialLimiter[U any] interface {
	// CountAndFindCredential counts the attempt, and calls FindCredential when the attempt is
	// admitted. It returns the errors of FindCredential together with the Verdict.
	CountAndFindCredential(ctx context.Context, a Attempt, identifier string) (Verdict, U, password.Hash, error)
}

// LimitKey is what attempts are counted by: a hash of a purpose with an identifier, or with the prefix of
// an address. It is pseudonymous, not anonymous: who has a list of addresses can hash them.
type LimitKey [16]byte

// String returns the first eight hex digits.
func (k LimitKey) String() string { return hex.EncodeToString(k[:4]) }

// Attempt is what one attempt counts against.
type Attempt struct {
	// Rates must all have room. Their keys are distinct.
	Rates []RateLimit
	// Guess is about somebody's secret. A zero Key is none.
	Guess GuessLimit
}

// RateLimit admits Burst attempts at once, and one more Every.
type RateLimit struct {
	Key   LimitKey
	Every time.Duration
	Burst int
}

// GuessLimit counts attempts as failures until they are settled. After more than Free, the next one
// has to wait, 2 s at first and twice as long each time, up to MaxWait. After Max there is no further one
// until all are forgotten.
type GuessLimit struct {
	Key LimitKey
	// Client is who guesses.
	Client LimitKey
	// Browser, when it is known and has fewer than MaxOnBrowser failures, is counted in place of Key.
	Browser LimitKey

	Free, Max, MaxOnBrowser int
	MaxWait                 time.Duration
	// Memory times their number is for how long failures are remembered after the last one.
	Memory time.Duration
}

// Wait returns how long the attempt after the n-th failure has to wait.
func (g GuessLimit) Wait(n int) time.Duration {
	switch {
	case n >= g.Max:
		return time.Duration(n) * g.Memory
	case n <= g.Free:
		return 0
	}
	return min(time.Second<<min(n-g.Free, 30), g.MaxWait)
}

// Verdict is a Limiter's answer.
type Verdict struct {
	// Wait is zero for an attempt that is admitted and counted. Otherwise it counts for nothing, unless it lost a race
	// with a parallel one: then some of its Rates may have counted it, its Guess and Browser never.
	Wait time.Duration
	// Guesses: the wait is for earlier guesses, not for a rate.
	Guesses bool
	// Known: the attempt was counted on its browser.
	Known bool
}

// Settlement is an attempt that has succeeded.
type Settlement struct {
	Attempt Attempt
	// Known is that of the attempt's Verdict.
	Known bool
	// All takes back the guesses of every client: the secret that they were about is no longer valid.
	All  bool
	User UserID
	// Identifier is the canonical identifier that the attempt named. Unless it is empty, Browser
	// becomes known only while User still has this identifier.
	Identifier string
	// Browser becomes known to User for Keep. Zero: no browser does. Of more than Limit browsers, those
	// used longest ago are forgotten. RevokeUserSessions and a change of the identifier forget all
	// browsers of the user.
	Browser LimitKey
	Keep    time.Duration
	Limit   int
}
