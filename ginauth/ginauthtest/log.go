package ginauthtest

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// shownLines is how much of the log a failed test shows.
const shownLines = 30

// Log keeps what its Logger was told, as lines of JSON of every level. A test that fails shows the
// last 30 of App.Log. The zero value is empty and ready. It is safe for concurrent use.
type Log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write adds to the log. It never fails.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String returns all that was written.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Events returns the lines that tell of a kind of security event, or of any for "", the oldest
// first. docs/events.md has the fields. Lines that are no JSON are left out.
func (l *Log) Events(kind driver.EventKind) (found []map[string]any) {
	for line := range strings.Lines(l.String()) {
		var fields map[string]any
		if json.Unmarshal([]byte(line), &fields) != nil {
			continue
		}
		if event := fields["event"]; event != nil && (kind == "" || event == string(kind)) {
			found = append(found, fields)
		}
	}
	return found
}

// Logger returns a logger that writes to the log. Kit.Options has it.
func (l *Log) Logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// showIfFailed is for the end of the test.
func (l *Log) showIfFailed(tb testing.TB) {
	tb.Helper()
	lines := strings.SplitAfter(strings.TrimSuffix(l.String(), "\n"), "\n")
	if !tb.Failed() || lines[0] == "" {
		return
	}
	tb.Log("the end of the app's log:\n" + strings.Join(lines[max(0, len(lines)-shownLines):], ""))
}
