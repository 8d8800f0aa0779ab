package driver_test

import (
	"net/netip"
	"testing"

	"github.com/ginauth/ginauth/ginauth/driver"
)

func TestPrefixIsTheNetworkOfTheAddress(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"192.0.2.7":               "192.0.2.7/32",
		"::ffff:192.0.2.7":        "192.0.2.7/32",
		"2001:db8:1:2:3:4:5:6":    "2001:db8:1:2::/64",
		"fe80::1:2:3:4%eth0":      "fe80::/64",
		"2001:db8:0:0:ffff::ffff": "2001:db8::/64",
	} {
		if got := (driver.Origin{Addr: netip.MustParseAddr(addr)}).Prefix(32, 64); got.String() != want {
			t.Errorf("the prefix of %s is %s, want %s", addr, got, want)
		}
	}
	if got := (driver.Origin{}).Prefix(32, 64); got.IsValid() {
		t.Errorf("an unknown address has the prefix %s", got)
	}
}
