package ginauthtest

import "testing"

// Examine is Conformance without subtests.
func Examine[U any](tb testing.TB, app *App[U], options ...ConformanceOption) Report {
	tb.Helper()
	return examine(tb, app, options)
}
