package ginauth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/built"
)

// A changed default must be a decision.
func TestZeroLimitsAreTheSafeOnes(t *testing.T) { // SEC-38, SEC-46
	t.Parallel()
	cfg := config{Users: newUnusedDB()}
	login, perMinute, perHour := ginauth.Rate{Attempts: 60, Per: time.Minute}, ginauth.Rate{Attempts: 20, Per: time.Minute}, ginauth.Rate{Attempts: 300, Per: time.Hour}
	tenAnHour := []ginauth.Rate{{Attempts: 10, Per: time.Hour}}
	want := ginauth.Limits{
		FreeFailures: 5, MaxWait: 15 * time.Minute, MaxFailures: 100, BrowserFailures: 10,
		LoginPerAddress: []ginauth.Rate{login, perHour}, LinkPerAddress: []ginauth.Rate{perMinute, perHour},
		BadCredentialsPerAddress: []ginauth.Rate{perMinute, perHour},
		SignUp:                   ginauth.Limit{PerAddress: tenAnHour, PerIdentifier: tenAnHour},
		Mail: ginauth.Limit{
			PerAddress: []ginauth.Rate{{Attempts: 20, Per: time.Hour}}, PerIdentifier: []ginauth.Rate{{Attempts: 5, Per: time.Hour}},
		},
	}
	d := built.Config(cfg).Options()
	if diff := cmp.Diff(want, d.Limits); diff != "" {
		t.Error(diff)
	}
	if d.Limiter != cfg.Users.(driver.Limiter) { //nolint:forcetypeassert,errcheck // newUnusedDB's
		t.Errorf("the limiter is a %T, and not the store that all processes share", d.Limiter)
	}
}

func TestLimitsThatAreNoneFailWhenTheRouterIsBuilt(t *testing.T) { // SEC-38
	t.Parallel()
	for name, l := range map[string]ginauth.Limits{
		"no attempts":              {LoginPerAddress: []ginauth.Rate{{Per: time.Minute}}},
		"no time":                  {SignUp: ginauth.Limit{PerAddress: []ginauth.Rate{{Attempts: 1}}}},
		"an empty list":            {Mail: ginauth.Limit{PerIdentifier: []ginauth.Rate{}}},
		"another empty list":       {LinkPerAddress: []ginauth.Rate{}},
		"more than NIST allows":    {MaxFailures: 101},
		"fewer than are free":      {FreeFailures: 10, MaxFailures: 9},
		"a negative wait":          {MaxWait: -1},
		"a device without a bound": {BrowserFailures: 101},
	} {
		cfg := config{Users: newUnusedDB(), Limits: l}
		if _, err := ginauth.New(cfg); err == nil || !strings.Contains(err.Error(), "Limits") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
