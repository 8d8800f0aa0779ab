package ginauth_test

import (
	"strings"
	"testing"

	"github.com/ginauth/ginauth/ginauth"
)

// What a device may try is not for its owner alone: its cookie can be stolen.
func TestKnownDevicesHaveNoMoreThanAHundredGuesses(t *testing.T) { // SEC-38
	t.Parallel()
	cfg := newApp(t).cfg
	for n, refused := range map[int]bool{100: false, 101: true, -1: true} {
		cfg.Limits = ginauth.Limits{BrowserFailures: n}
		if _, err := ginauth.New(cfg); (err != nil) != refused || refused && !strings.Contains(err.Error(), "BrowserFailures") {
			t.Errorf("%d: %v", n, err)
		}
	}
}
