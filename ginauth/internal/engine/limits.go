package engine

import (
	"slices"
	"time"
)

// Rate is a number of attempts in a time, as package ginauth exports it.
type Rate struct {
	Attempts int
	Per      time.Duration
}

// Limit is what attempts of one purpose may do.
type Limit struct{ PerIdentifier, PerAddress []Rate }

// Limits are how many attempts to log in and sign up there may be, without defaults.
type Limits struct {
	FreeFailures, MaxFailures, BrowserFailures int
	MaxWait                                    time.Duration
	LoginPerAddress                            []Rate
	SignUp                                     Limit
	Unlimited                                  bool
}

// NewLimit takes the rates of the exported Limit.
func NewLimit[R ~struct {
	Attempts int
	Per      time.Duration
}](perIdentifier, perAddress []R) Limit {
	rates := func(list []R) []Rate {
		converted := make([]Rate, len(list))
		for i, r := range list {
			converted[i] = Rate(r)
		}
		return converted
	}
	return Limit{PerIdentifier: rates(perIdentifier), PerAddress: rates(perAddress)}
}

// Valid says whether every rate can be kept.
func (l Limit) Valid() bool {
	bad := func(r Rate) bool { return r.Attempts <= 0 || r.Per < time.Duration(r.Attempts) }
	return !slices.ContainsFunc(l.PerIdentifier, bad) && !slices.ContainsFunc(l.PerAddress, bad)
}

const (
	// failureMemory makes a row of guesses at random addresses short-lived, and that of an account under attack not.
	failureMemory = 24 * time.Hour
	// A browser is forgotten when it was not used for a year; browsers keep no cookie longer than 400 days.
	browserMemory = 365 * 24 * time.Hour
	maxBrowsers   = 20
)
