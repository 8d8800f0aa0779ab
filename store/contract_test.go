package store_test

import (
	"testing"

	"github.com/ginauth/ginauth/ginauth/driver/drivertest"
	"github.com/ginauth/ginauth/store"
)

func TestStoreFulfilsTheContract(t *testing.T) {
	t.Parallel()
	drivertest.Run(t, func(t *testing.T) drivertest.Subject[store.User] {
		s := newSetup(t)
		return drivertest.Subject[store.User]{Store: s.db, Advance: s.clock.add, Disable: s.db.DisableUser}
	})
}
