// Package drivertest tests a store: each rule in the comments of package driver is a test here.
//
//	func TestStore(t *testing.T) {
//		drivertest.Run(t, func(t *testing.T) drivertest.Subject[User] {
//			clock := newClock()
//			return drivertest.Subject[User]{Store: mystore.New(t, clock.Now), Advance: clock.Advance}
//		})
//	}
//
// A store implements driver.Users and driver.Sessions at least. Rules of further interfaces are skipped,
// with the interface's name, where the store does not implement them. docs/own-store.md is a guide.
//
// The package is for tests only.
package drivertest
