package line_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ginauth/ginauth/store/internal/line"
)

const timeout = 8 * time.Second // statements hang after 1 s

// desk is a line whose statements wait for the test, or for their context.
type desk struct {
	line.Line[int, string]

	one, many chan struct{} // a statement ends when it receives, or when the channel is closed

	mu      sync.Mutex
	asked   []int   // by One
	batches [][]int // by Many
	results []chan result
	cancels []context.CancelFunc
}

type result struct {
	answer string
	err    error
	after  time.Duration
}

func newDesk() *desk {
	d := &desk{one: make(chan struct{}), many: make(chan struct{})}
	d.Timeout = timeout
	d.One = func(ctx context.Context, question int) (string, error) {
		d.mu.Lock()
		d.asked = append(d.asked, question)
		d.mu.Unlock()
		return answerTo(question), ended(ctx, d.one)
	}
	d.Many = func(ctx context.Context, batch []*line.Waiter[int, string]) {
		var questions []int
		for _, w := range batch {
			questions = append(questions, w.Question)
			w.Answer = answerTo(w.Question)
		}
		d.mu.Lock()
		d.batches = append(d.batches, questions)
		d.mu.Unlock()
		if err := ended(ctx, d.many); err != nil {
			line.Fail(batch, err)
		}
	}
	return d
}

func answerTo(question int) string { return fmt.Sprint("answer ", question) }

func ended(ctx context.Context, statement <-chan struct{}) error {
	select {
	case <-statement:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ask lets n more callers ask, one after the other, and returns when each of them waits for
// something.
func (d *desk) ask(t *testing.T, n int) {
	t.Helper()
	for range n {
		ctx, cancel := context.WithCancel(t.Context())
		got, question := make(chan result, 1), len(d.results)
		d.results, d.cancels = append(d.results, got), append(d.cancels, cancel)
		go func() {
			start := time.Now()
			answer, err := d.Ask(ctx, question)
			got <- result{answer, err, time.Since(start)}
		}()
		synctest.Wait()
	}
}

// wants fails the test unless the caller has its answer or error by now.
func (d *desk) wants(t *testing.T, caller int, err error, after time.Duration) {
	t.Helper()
	synctest.Wait()
	select {
	case r := <-d.results[caller]:
		if !errors.Is(r.err, err) || err == nil && r.answer != answerTo(caller) || r.after != after {
			t.Errorf("caller %d got %q, %v after %v, want %v after %v", caller, r.answer, r.err, r.after, err, after)
		}
	default:
		t.Errorf("caller %d still waits", caller)
	}
}

// inBubble runs a test in time of its own. It fails when a goroutine of the line is left.
func inBubble(t *testing.T, test func(*testing.T, *desk)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newDesk()) })
}

func TestTwoCallersRunTheirOwnStatements(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, d *desk) { //nolint:thelper // the test itself
		d.ask(t, 3)
		if !slices.Equal(d.asked, []int{0, 1}) || d.batches != nil {
			t.Errorf("of three callers, %v ran a statement and %v shared one", d.asked, d.batches)
		}
		close(d.one)
		close(d.many)
		for caller := range 3 {
			d.wants(t, caller, nil, 0)
		}
		if len(d.batches) != 1 {
			t.Errorf("the third caller was served by %v", d.batches)
		}
	})
}

func TestWaitingCallersShareStatementsInTheirOrder(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, d *desk) { //nolint:thelper // the test itself
		d.ask(t, 2+100)
		d.one <- struct{}{} // frees one place
		synctest.Wait()
		if len(d.batches) != 1 || len(d.batches[0]) != 64 || !slices.IsSorted(d.batches[0]) || d.batches[0][0] != 2 {
			t.Fatalf("the first batch is %v", d.batches)
		}
		close(d.many)
		for caller := 2; caller < 102; caller++ {
			d.wants(t, caller, nil, 0)
		}
		if len(d.batches) != 2 || len(d.batches[1]) != 36 {
			t.Errorf("%d batches", len(d.batches))
		}
		close(d.one)
	})
}

func TestCallersThatGiveUpDoNotAffectTheOthers(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, d *desk) { //nolint:thelper // the test itself
		d.ask(t, 6)
		time.Sleep(time.Millisecond)
		for _, caller := range []int{2, 4, 0} { // the last one has a statement of its own
			d.cancels[caller]()
			d.wants(t, caller, context.Canceled, time.Millisecond)
		}
		close(d.many)
		d.wants(t, 3, nil, time.Millisecond)
		d.wants(t, 5, nil, time.Millisecond)
		if want := [][]int{{3, 5}}; !slices.EqualFunc(d.batches, want, slices.Equal) {
			t.Errorf("statements were sent for %v, want %v", d.batches, want)
		}
		close(d.one)
	})
}

func TestNoStatementIsSentForCallersThatGaveUp(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, d *desk) { //nolint:thelper // the test itself
		d.ask(t, 4)
		d.cancels[2]()
		d.cancels[3]()
		synctest.Wait()
		close(d.one)
		synctest.Wait()
		if d.batches != nil {
			t.Errorf("statements were sent for %v", d.batches)
		}
		d.ask(t, 1)
		d.wants(t, 4, nil, 0)
	})
}

func TestEveryCallEndsInTime(t *testing.T) {
	t.Parallel()
	for _, callers := range []int{1, 2, 5} { // those beyond two wait, and take over the places of the first two
		inBubble(t, func(t *testing.T, d *desk) { //nolint:thelper // the test itself
			d.ask(t, callers)
			time.Sleep(timeout)
			for caller := range callers {
				d.wants(t, caller, context.DeadlineExceeded, timeout)
			}
			close(d.many)
			close(d.one)
			d.ask(t, 3)
			for caller := callers; caller < callers+3; caller++ {
				d.wants(t, caller, nil, 0)
			}
		})
	}
}

func TestHangingStatementsLoseTheirPlace(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, d *desk) { //nolint:thelper // the test itself
		close(d.many)
		d.ask(t, 2)
		time.Sleep(timeout / 16)
		d.ask(t, 3)
		time.Sleep(timeout / 8)
		for caller := 2; caller < 5; caller++ {
			d.wants(t, caller, nil, timeout/8)
		}
		d.one <- struct{}{} // what hung may still end well
		d.one <- struct{}{}
		for caller := range 2 {
			d.wants(t, caller, nil, timeout/8+timeout/16)
		}
	})
}

func TestPanicInManyFailsItsBatchAlone(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, d *desk) { //nolint:thelper // the test itself
		many := d.Many
		d.Many = func(context.Context, []*line.Waiter[int, string]) { panic("a tracer") }
		d.ask(t, 4)
		d.one <- struct{}{}
		d.wants(t, 2, line.ErrBrokenOff, 0)
		d.wants(t, 3, line.ErrBrokenOff, 0)
		d.Many = many
		close(d.many)
		d.ask(t, 3)
		close(d.one)
		for caller := 4; caller < 7; caller++ {
			d.wants(t, caller, nil, 0)
		}
	})
}

func TestPanicInOneGivesThePlaceBack(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, d *desk) { //nolint:thelper // the test itself
		one := d.One
		d.One = func(context.Context, int) (string, error) { panic("a tracer") }
		for range 3 {
			func() {
				defer func() {
					if recover() == nil {
						t.Error("the caller does not see the panic")
					}
				}()
				_, _ = d.Ask(t.Context(), 0)
			}()
		}
		d.One = one
		close(d.one)
		d.ask(t, 1)
		d.wants(t, 0, nil, 0)
	})
}

type key struct{}

func TestContextsOfOneAndMany(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, d *desk) { //nolint:thelper // the test itself
		one, many := d.One, d.Many
		d.One = func(ctx context.Context, question int) (string, error) {
			if ctx.Value(key{}) != "caller's" {
				t.Error("the context of One is not its caller's")
			}
			return one(ctx, question)
		}
		d.Many = func(ctx context.Context, batch []*line.Waiter[int, string]) {
			if end, ok := ctx.Deadline(); !ok || time.Until(end) != timeout || ctx.Value(key{}) != nil {
				t.Errorf("the context of Many ends in %v and has %v", time.Until(end), ctx.Value(key{}))
			}
			many(ctx, batch)
		}
		for range 3 {
			go func() { _, _ = d.Ask(context.WithValue(t.Context(), key{}, "caller's"), 0) }()
		}
		synctest.Wait()
		close(d.one)
		close(d.many)
	})
}

// Callers come and give up at any moment. Run it with -race.
func TestEverybodyGetsTheirOwnAnswer(t *testing.T) {
	t.Parallel()
	d := newDesk()
	close(d.one)
	close(d.many)
	var wg sync.WaitGroup
	for caller := range 32 {
		wg.Go(func() {
			for round := range 200 {
				question := caller*1000 + round
				ctx, cancel := context.WithCancel(t.Context())
				if question%3 == 0 {
					go cancel()
				}
				answer, err := d.Ask(ctx, question)
				cancel()
				if err == nil && answer != answerTo(question) || err != nil && !errors.Is(err, context.Canceled) {
					t.Errorf("%d: %q, %v", question, answer, err)
				}
			}
		})
	}
	wg.Wait()
}
