package driver

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/ginauth/ginauth/ginauth/password"
)

// Limiter counts attempts, so that guessing takes too long. If an attempt cannot be counted, it is
// refused. Without a Limiter, package ginauth counts in the memory of its process.
type Limiter interface {
	// CountAttempt counts an attempt against everything that it names. If one of these does not
	// admit the attempt, it counts nothing and returns how long to wait. It admits no more parallel
	// attempts than it would admit one after the other. An attempt that loses a race with a
	// parallel one is refused. It may still count against Rates, but neither as a guess nor on its
	// browser.
	CountAttempt(ctx context.Context, a Attempt) (Verdict, error)
	// SettleAttempt records that an admitted attempt has succeeded. It removes the guesses that the
	// same client made in a row, including this one, and no others unless s.All is set. Rates stay
	// as they are. If s.Known is set, it removes the failures on the attempt's browser instead. It
	// returns whether s.Browser, or with s.Known the attempt's browser, is known from now on; a
	// store without known browsers returns false.
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

// LimitKey is the key by which attempts are counted: a hash of a purpose with an identifier, or
// with the prefix of an address. It is pseudonymous, not anonymous: anybody with a list of
// addresses can hash them.
type LimitKey [16]byte

// String returns the first eight hex digits.
func (k LimitKey) String() string { return hex.EncodeToString(k[:4]) }

// Attempt lists the limits that one attempt counts against.
type Attempt struct {
	// Rates must all have room. Their keys are distinct.
	Rates []RateLimit
	// Guess is for an attempt to guess a secret. A zero Key means that there is none.
	Guess GuessLimit
}

// RateLimit admits Burst attempts at once, and then one more after each Every.
type RateLimit struct {
	Key   LimitKey
	Every time.Duration
	Burst int
}

// GuessLimit counts attempts as failures until they are settled. After more than Free failures, the
// next attempt has to wait: 2 s at first, and twice as long each time, up to MaxWait. After Max
// failures no attempt is admitted until all of them are forgotten.
type GuessLimit struct {
	Key LimitKey
	// Client is the client that guesses.
	Client LimitKey
	// Browser is counted in place of Key if it is known and has fewer than MaxOnBrowser failures.
	Browser LimitKey

	Free, Max, MaxOnBrowser int
	MaxWait                 time.Duration
	// Memory, times the number of failures, is how long they are remembered after the last one.
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

// Verdict is the answer of a Limiter.
type Verdict struct {
	// Wait is zero if the attempt is admitted and counted. Otherwise it was not counted, unless it
	// lost a race with a parallel one: then some of its Rates may have counted it, but never its
	// Guess or Browser.
	Wait time.Duration
	// Guesses says that the wait is for earlier guesses, not for a rate.
	Guesses bool
	// Known says that the attempt was counted on its browser.
	Known bool
}

// Settlement is an attempt that has succeeded.
type Settlement struct {
	Attempt Attempt
	// Known comes from the attempt's Verdict.
	Known bool
	// All removes the guesses of every client, because the secret that they were about is no longer
	// valid.
	All  bool
	User UserID
	// Identifier is the canonical identifier that the attempt named. Unless it is empty, Browser
	// becomes known only while User still has this identifier.
	Identifier string
	// Browser becomes known to User for the time Keep; zero makes no browser known. If there are
	// more than Limit browsers, those unused for the longest time are forgotten. RevokeUserSessions
	// and a change of the identifier forget all browsers of the user.
	Browser LimitKey
	Keep    time.Duration
	Limit   int
}
