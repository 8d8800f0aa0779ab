// Package memory keeps everything that ginauth needs in the memory of one process: for tests, and for a
// first run without a database.
//
//	users := memory.New(memory.Options[memory.User]{})
//
// A *Store implements all interfaces of package driver, with the same answers as package store. What it
// holds is gone when the process ends, and other processes do not see it.
//
// # Users
//
// The user type is [User], or a struct that embeds it or store.User and adds fields of its own, or any
// other type with Options.Set.
//
// # Limits
//
// Options.Limit bounds each kind of entry. When a kind is full and nothing of it has ended, a call that
// needs a new entry is refused with [ErrFull], and nothing that lives is thrown away; of events, the oldest
// are. What has ended is swept by the calls that come along, once in Options.SweepEvery of the store's
// clock: there is no goroutine to stop.
package memory
