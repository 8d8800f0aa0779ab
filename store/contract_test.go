package store_test

import (
	"testing"

	"github.com/ginauth/ginauth/ginauth/driver/drivertest"
	"github.com/ginauth/ginauth/store"
)

func TestStoreFulfilsTheContract(t *testing.T) {
	t.Parallel()
	drivertest.Run(t, func(t *testing.T) drivertest.Subject[store.User] {
		t.Helper()
		s, n := newSetup(t), &network{}
		db := store.New[store.User](poolBehind(t, n, s.pool), store.WithNow(s.clock.now), unhurried)
		return drivertest.Subject[store.User]{
			Store: db, Advance: s.clock.add, Disable: db.DisableUser,
			Outage: func() (end func()) {
				n.become(refusing)
				return func() { n.become(healthy) }
			},
		}
	})
}

func TestExternalFulfilsTheContract(t *testing.T) {
	t.Parallel()
	drivertest.RunExternal(t, func(t *testing.T) drivertest.ExternalSubject {
		t.Helper()
		s, n := newSetup(t), &network{}
		return drivertest.ExternalSubject{
			Store:   store.NewExternal(poolBehind(t, n, s.pool), store.WithNow(s.clock.now), unhurried, store.WithSource("members")),
			Advance: s.clock.add,
			Outage: func() (end func()) {
				n.become(refusing)
				return func() { n.become(healthy) }
			},
		}
	})
}
