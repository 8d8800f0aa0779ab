// Package memory keeps everything that ginauth needs in the memory of one process. It is for tests,
// and for a first run without a database.
//
//	users := memory.New(memory.Options[memory.User]{})
//
// A *Store implements all interfaces of package driver and gives the same answers as package store.
// Its data is lost when the process ends, and other processes do not see it.
//
// # Users
//
// The user type is [User], or a struct that embeds it or store.User and adds fields of its own.
// With Options.Set it may be any other type.
//
// # Limits
//
// Options.Limit limits each kind of entry. If a kind is full and none of its entries has ended, a
// call that needs a new entry returns [ErrFull], and no live entry is deleted; of events, the
// oldest are deleted. Calls delete entries that have ended, once per Options.SweepEvery of the
// store's clock: there is no goroutine to stop.
package memory
