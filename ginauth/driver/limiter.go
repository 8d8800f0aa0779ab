package driver

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/ginauth/ginauth/ginauth/password"
)

// Limiter counts attempts, so that guessing takes too long. store.DB is one, which all processes
// share. Its methods must be safe for concurrent use, honour the context, and wrap ErrUnavailable
// when nobody can count: an attempt that cannot be counted is refused.
type Limiter interface {
	// CountAttempt counts the attempt against everything that it names, or, where one of these does
	// not admit it, answers how long to wait. Of any number of parallel attempts, no more are admitted than
	// one after the other would be. One that a parallel one has overtaken may use up Rates although it is refused,
	// but never takes a guess or a place on its device.
	CountAttempt(ctx context.Context, a Attempt) (Verdict, error)
	// SettleAttempt says that an admitted attempt has succeeded. It takes back the guesses that its
	// client made in a row, this one too, and no others, unless s.All says so; the rates stay as they are. On a
	// device that was known it forgets that device's failures instead. It returns whether s.Device is known from now on; a
	// Limiter that keeps no devices returns false.
	SettleAttempt(ctx context.Context, a Attempt, s Settled) (known bool, err error)
}

// CredentialLimiter is an optional extension of a Limiter that is the Users, too: it spares a login a round
// trip. A type that embeds store.DB and has a FindCredential of its own needs this of its own as well.
type CredentialLimiter[U User] interface {
	// CountAndFindCredential is CountAttempt and, when that admits the attempt, FindCredential, whose errors it
	// returns beside the Verdict.
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
	// Device, when it is known and has fewer than MaxOnDevice failures, is counted in place of Key.
	Device LimitKey

	Free, Max, MaxOnDevice int
	MaxWait                time.Duration
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
	// with a parallel one: then some of its Rates may have counted it, its Guess and Device never.
	Wait time.Duration
	// Guesses: the wait is for earlier guesses, not for a rate.
	Guesses bool
	// Known: the attempt was counted on its device.
	Known bool
}

// Settlement is what SettleAttempt takes.
type Settlement struct {
	Attempt Attempt
	Success Settled
}

// Settled is an attempt that has succeeded.
type Settled struct {
	// Known is the Verdict's.
	Known bool
	// All takes back everybody's guesses: what they were about is no longer the secret.
	All  bool
	User UserID
	// Identifier is the canonical one that the attempt named. Unless empty, it must still be User's where a device
	// is to become known.
	Identifier string
	// Device becomes known to User for Keep; zero for none. Of more than Limit devices, those used longest
	// ago are forgotten, and all of a user's are with RevokeUserSessions and with a change of Identifier.
	Device LimitKey
	Keep   time.Duration
	Limit  int
}
