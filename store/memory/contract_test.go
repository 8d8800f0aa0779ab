package memory_test

import (
	"testing"

	"github.com/ginauth/ginauth/ginauth/driver/drivertest"
	"github.com/ginauth/ginauth/store/memory"
)

func TestStoreFulfilsTheContract(t *testing.T) {
	t.Parallel()
	drivertest.Run(t, func(*testing.T) drivertest.Subject[memory.User] {
		c := newClock()
		s := memory.New(memory.Options[memory.User]{Now: c.Now})
		return drivertest.Subject[memory.User]{Store: s, Advance: c.Advance, Disable: s.DisableUser}
	})
}

func TestExternalFulfilsTheContract(t *testing.T) {
	t.Parallel()
	drivertest.RunExternal(t, func(*testing.T) drivertest.ExternalSubject {
		c := newClock()
		return drivertest.ExternalSubject{Store: memory.NewExternal(memory.ExternalOptions{Now: c.Now}), Advance: c.Advance}
	})
}
