package storetest

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
)

// atOnce is how many databases are copied at once, by all processes together. Each copy
// keeps a core busy, and more at once only makes each of them slower.
const atOnce = 2

// slots limits the copies: by a channel within this process, by locked files between processes.
type slots struct{ free chan string }

func newSlots(dir string) *slots {
	s := &slots{free: make(chan string, atOnce)}
	for i := range atOnce {
		s.free <- filepath.Join(dir, "slot-"+strconv.Itoa(i))
	}
	return s
}

// take waits for a slot and returns what gives it back.
func (s *slots) take(ctx context.Context) (func(), error) {
	select {
	case path := <-s.free:
		lock, err := lockFile(path, exclusive)
		if err != nil {
			s.free <- path
			return nil, err
		}
		return func() {
			_ = lock.Close()
			s.free <- path
		}, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting to make a database: %w", context.Cause(ctx))
	}
}
