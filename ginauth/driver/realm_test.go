package driver_test

import (
	"strings"
	"testing"

	"github.com/ginauth/ginauth/ginauth/driver"
)

func TestARealmIsAShortText(t *testing.T) {
	t.Parallel()
	for realm, fine := range map[string]bool{
		"": true, "acme": true, "Acme GmbH": true, "münchen.example": true, strings.Repeat("r", 255): true,
		strings.Repeat("r", 256): false, "a\x00b": false, "\xff": false, " a": false, "a\n": false, " ": false,
	} {
		if err := driver.CheckRealm(realm); (err == nil) != fine {
			t.Errorf("%q: %v", realm, err)
		}
	}
}

func TestAContextHasOneRealm(t *testing.T) {
	t.Parallel()
	if r := driver.Realm(t.Context()); r != "" {
		t.Errorf("by default: %q", r)
	}
	inA := driver.WithRealm(t.Context(), "a")
	if driver.Realm(inA) != "a" || driver.Realm(driver.WithRealm(inA, "b")) != "b" || driver.Realm(driver.WithRealm(inA, "")) != "" {
		t.Error("the last one does not count")
	}
	if driver.WithRealm(inA, "a") != inA || driver.WithRealm(t.Context(), "") != t.Context() {
		t.Error("the same realm makes another context")
	}
}

func TestADigestBelongsToItsRealm(t *testing.T) {
	t.Parallel()
	d, zero := driver.NewToken().Digest(), driver.Digest{}
	if d.In("") != d || zero.In("a") != zero {
		t.Error("the realm \"\", or no digest, changes it")
	}
	seen := map[driver.Digest]string{}
	for _, realm := range []string{"", "a", "A", "á", "a\u0301", "b", "ab", "a b"} {
		if other, twice := seen[d.In(realm)]; twice {
			t.Errorf("%q and %q have the same digest", realm, other)
		}
		seen[d.In(realm)] = realm
	}
	k := driver.RefreshKey{Selector: d, Digest: driver.NewToken().Digest()}
	if got := k.In("a"); got.Selector != k.Selector.In("a") || got.Digest != k.Digest.In("a") || k.In("") != k {
		t.Error("a refresh key")
	}
}
