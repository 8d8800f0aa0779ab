package embedded

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
)

// output takes what PostgreSQL writes: it logs each line and remembers the newest for errors.
type output struct {
	logger *slog.Logger

	mu     sync.Mutex
	rest   []byte
	newest []string
}

func (o *output) Write(p []byte) (int, error) {
	const remembered, longest = 8, 1 << 16
	o.mu.Lock()
	defer o.mu.Unlock()
	o.rest = append(o.rest, p...)
	for {
		line, rest, found := bytes.Cut(o.rest, []byte("\n"))
		if !found && len(o.rest) < longest {
			return len(p), nil
		}
		o.rest = slices.Clone(rest)
		o.logger.LogAttrs(context.Background(), slog.LevelDebug, "postgres", slog.String("line", string(line)))
		o.newest = append(o.newest, string(line))
		if len(o.newest) > remembered {
			o.newest = o.newest[1:]
		}
	}
}

// said returns the newest lines, the complaints alone if there are any.
func (o *output) said() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var complaints []string
	for _, line := range o.newest {
		for _, level := range []string{"FATAL:", "PANIC:", "error:", "ERROR:"} {
			if _, text, found := strings.Cut(line, level); found {
				complaints = append(complaints, strings.TrimSpace(text))
				break
			}
		}
	}
	if complaints == nil {
		complaints = o.newest
	}
	return strings.Join(complaints, "; ")
}
