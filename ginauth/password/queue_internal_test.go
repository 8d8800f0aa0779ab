package password

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

const hashTime = 20 * time.Millisecond

// office sends callers of one client, each of whom hashes once, and counts what becomes of them.
type office struct {
	served, busy, slowest atomic.Int64
}

func (o *office) send(t *testing.T, q *queue, n int, client ...string) {
	t.Helper()
	for range n {
		go func() {
			start := time.Now()
			p, err := q.enter(client)
			if err == nil {
				defer p.leave()
				err = p.do(t.Context(), func() { time.Sleep(hashTime) })
			}
			var busy *BusyError
			switch {
			case errors.As(err, &busy) && errors.Is(err, ErrBusy):
				if busy.RetryAfter <= 0 {
					t.Errorf("come again after %s", busy.RetryAfter)
				}
				o.busy.Add(1)
			case err != nil:
				t.Errorf("do: %v", err)
			default:
				o.served.Add(1)
			}
			o.slowest.Store(max(o.slowest.Load(), int64(time.Since(start))))
		}()
		synctest.Wait() // they come one after the other, at the same moment
	}
}

// wantServed checks that all who were let in were served, within the wait.
func (o *office) wantServed(t *testing.T, who string, served, busy int64, within time.Duration) {
	t.Helper()
	if o.served.Load() != served || o.busy.Load() != busy || time.Duration(o.slowest.Load()) > within {
		t.Errorf("%s: %d served and %d turned away, the last after %s; want %d, %d and %s", who,
			o.served.Load(), o.busy.Load(), time.Duration(o.slowest.Load()), served, busy, within)
	}
}

// SEC-189: an honest storm is served, from one address as from many; what the wait cannot serve is turned away at once.
func TestQueueServesAStormWithinTheWait(t *testing.T) {
	t.Parallel()
	for name, client := range map[string]func(int) []string{
		"one client":    func(int) []string { return []string{"192.0.2.0/24", "192.0.2.1/32"} },
		"nobody named":  func(int) []string { return nil },
		"many clients":  func(n int) []string { return []string{strconv.Itoa(n), strconv.Itoa(n)} },
		"many of a net": func(n int) []string { return []string{"192.0.2.0/24", strconv.Itoa(n)} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				q := newQueue(2, defaultMaxWait+1, hashTime) // exactly the wait is no tie then
				var all office
				for n := range 500 {
					all.send(t, q, 1, client(n)...)
				}
				if all.busy.Load() != 500-202 {
					t.Errorf("%d were turned away at once", all.busy.Load())
				}
				time.Sleep(time.Minute)
				all.wantServed(t, name, 202, 298, defaultMaxWait+hashTime)
				all.send(t, q, 40, client(0)...)
				time.Sleep(time.Minute)
				all.wantServed(t, name, 242, 298, defaultMaxWait+hashTime)
			})
		})
	}
}

// SEC-189: a client, or a network of them, delays itself alone.
func TestQueueIsFair(t *testing.T) {
	t.Parallel()
	for name, flood := range map[string]func(int) []string{
		"of one client":       func(int) []string { return []string{"net", "client"} },
		"of a network":        func(n int) []string { return []string{"net", strconv.Itoa(n)} },
		"of who names nobody": func(int) []string { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				q := newQueue(2, defaultMaxWait, hashTime)
				var flooding, elsewhere, crowd office
				for n := range 1000 {
					flooding.send(t, q, 1, flood(n)...)
				}
				for n := range 20 {
					elsewhere.send(t, q, 1, fmt.Sprint("honest", n), "client")
				}
				crowd.send(t, q, 40, "office", "client")
				time.Sleep(time.Minute)
				elsewhere.wantServed(t, "honest clients", 20, 0, 13*hashTime)
				crowd.wantServed(t, "an office", 40, 0, 52*hashTime)
				if flooding.busy.Load() < 798 {
					t.Errorf("of the flood, %d were turned away", flooding.busy.Load())
				}
			})
		})
	}
}

// Who is refused by what comes after the place, such as a limiter, takes nobody else's.
func TestPlacesWithoutAHashDelayOnlyTheirClient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(2, defaultMaxWait, hashTime)
		held := 0
		for {
			if _, err := q.enter([]string{"net", "client"}); err != nil {
				break
			}
			held++
		}
		if held != 202 {
			t.Errorf("one client has %d places", held)
		}
		var others, neighbour office
		others.send(t, q, 40, "elsewhere", "client")
		neighbour.send(t, q, 40, "net", "neighbour")
		time.Sleep(time.Minute)
		others.wantServed(t, "elsewhere", 40, 0, 41*hashTime)
		neighbour.wantServed(t, "a neighbour", 40, 0, 41*hashTime)
	})
}

// A client that comes again and again, with ever new places, does not overtake who waits.
func TestComingAgainIsNoWayToTheFront(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(2, defaultMaxWait, hashTime)
		stop := make(chan struct{})
		for n := range 20 {
			go func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					if p, err := q.enter([]string{fmt.Sprint("again", n), "client"}); err == nil {
						_ = p.do(t.Context(), func() { time.Sleep(hashTime) })
						p.leave()
					}
				}
			}()
		}
		synctest.Wait()
		var honest office
		honest.send(t, q, 5, "honest", "client")
		time.Sleep(time.Minute)
		honest.wantServed(t, "honest", 5, 0, 5*11*hashTime)
		close(stop)
		time.Sleep(time.Minute)
	})
}

// SEC-144: never more run at once than there are slots, whoever hangs up, panics or is late.
func TestSlotsBoundAStorm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const run = 3
		q := newQueue(run, time.Second, hashTime)
		var running atomic.Int64
		for n := range 300 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(n)*7*time.Millisecond)
			go func() {
				defer cancel()
				p, err := q.enter([]string{strconv.Itoa(n % 7), strconv.Itoa(n % 11)})
				if err != nil {
					return
				}
				defer p.leave()
				defer func() { _ = recover() }()
				_ = p.do(ctx, func() {
					if now := running.Add(1); now > run {
						t.Errorf("%d run at once", now)
					}
					defer running.Add(-1)
					time.Sleep(hashTime)
					if n%13 == 0 {
						panic("hashing")
					}
				})
			}()
		}
		time.Sleep(time.Minute)
		q.mu.Lock()
		defer q.mu.Unlock()
		if q.free != run || q.all.places != 0 || q.all.lined != 0 || len(q.all.members) != 0 {
			t.Errorf("%d slots are free, %d places taken, %d wait, %d networks are known", q.free, q.all.places, q.all.lined, len(q.all.members))
		}
	})
}

// Who has waited for as long as anybody may is told to come again, however wrong the estimate was.
func TestNobodyWaitsForLonger(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1, time.Second, time.Millisecond)
		go func() {
			p, _ := q.enter([]string{"slow"})
			_ = p.do(t.Context(), func() { time.Sleep(time.Hour) })
		}()
		synctest.Wait()
		var late office
		late.send(t, q, 3, "late")
		time.Sleep(time.Second)
		synctest.Wait()
		late.wantServed(t, "late", 0, 3, time.Second)
		time.Sleep(time.Hour)
	})
}

// The estimate follows what hashes take, and one old hash does not upset it.
func TestEstimateFollowsTheHashes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(1, time.Second, time.Millisecond)
		hash := func(takes time.Duration) {
			p, err := q.enter(nil)
			if err != nil {
				t.Fatal(err)
			}
			defer p.leave()
			_ = p.do(t.Context(), func() { time.Sleep(takes) })
		}
		for range 100 {
			hash(hashTime)
		}
		if q.typical < hashTime*9/10 || q.typical > hashTime {
			t.Errorf("a hash seems to take %s", q.typical)
		}
		hash(2 * time.Second)
		if q.typical > hashTime*9/8 {
			t.Errorf("after one old hash, others seem to take %s", q.typical)
		}
	})
}

// SEC-147: who hangs up while waiting leaves no work, and the place in the queue is free.
func TestCancelledCallerLeavesTheQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHasher(Options{InsecureCheap: true, Slots: 1})
		gate := make(chan struct{})
		go func() { _ = h.do(t.Context(), func() { <-gate }) }()
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		left := make(chan error, 1)
		go func() { left <- h.do(ctx, func() { t.Error("cancelled work ran") }) }()
		synctest.Wait()
		cancel()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled caller: %v", err)
		}
		h.queue.mu.Lock()
		places, lined := h.queue.all.places, h.queue.all.lined
		h.queue.mu.Unlock()
		if places != 1 || lined != 0 {
			t.Errorf("%d places are taken, %d wait", places, lined)
		}
		close(gate)
		synctest.Wait()
	})
}

// Every computation goes through the slots, whatever the scheme.
func TestHasherComputesInSlotsOnly(t *testing.T) {
	t.Parallel()
	h := newHasher(Options{InsecureCheap: true, Slots: 1, MaxWait: -1})
	bcrypted, err := ParseHash("$2b$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG")
	if err != nil {
		t.Fatal(err)
	}
	made, err := h.Hash(t.Context(), "correct horse battery staple")
	if err != nil {
		t.Fatal(err)
	}
	err = h.do(t.Context(), func() {
		if _, err := h.Hash(t.Context(), "x"); !errors.Is(err, ErrBusy) {
			t.Errorf("Hash: %v", err)
		}
		for name, hash := range map[string]Hash{"argon2id": made, "bcrypt": bcrypted, "zero": {}} {
			if ok, err := h.Verify(t.Context(), hash, "x"); ok || !errors.Is(err, ErrBusy) {
				t.Errorf("Verify of %s: %v, %v", name, ok, err)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestOptionsDefaults(t *testing.T) {
	t.Parallel()
	procs := runtime.GOMAXPROCS(0)
	want := Options{Params: Params{MemoryKiB: 19456, Passes: 2}, Slots: procs, MaxWait: 2 * time.Second}
	if got := (Options{}).withDefaults(); !reflect.DeepEqual(got, want) {
		t.Errorf("defaults are %+v", got)
	}
	if got := (Options{Slots: 3, MaxWait: -1}).withDefaults(); got.Slots != 3 || got.MaxWait != 0 {
		t.Errorf("no wait is %+v", got)
	}
	if maxInputBytes != 3*1024 {
		t.Errorf("maxInputBytes is %d", maxInputBytes)
	}
	if got := (Params{}).withDefaults().takes(); got != hashTime {
		t.Errorf("a hash is thought to take %s", got)
	}
}

func TestEnterHoldsOnePlaceForSeveralCalls(t *testing.T) {
	t.Parallel()
	h, err := New(Options{InsecureCheap: true, Slots: 1, MaxWait: -1})
	if err != nil {
		t.Fatal(err)
	}
	ctx, leave, err := h.Enter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.Enter(t.Context()); !errors.Is(err, ErrBusy) {
		t.Errorf("a second Enter: %v", err)
	}
	if _, err := h.Hash(t.Context(), "correct horse battery staple"); !errors.Is(err, ErrBusy) {
		t.Errorf("Hash from outside: %v", err)
	}
	stored, err := h.Hash(ctx, "correct horse battery staple")
	if ok, verr := h.Verify(ctx, stored, "correct horse battery staple"); err != nil || verr != nil || !ok {
		t.Errorf("inside: %v, %v, %v", ok, err, verr)
	}
	leave()
	leave()
	for name, ctx := range map[string]context.Context{"outside": t.Context(), "with the old place": ctx} {
		if _, err := h.Hash(ctx, "correct horse battery staple"); err != nil {
			t.Errorf("after leave, %s: %v", name, err)
		}
	}
	if n := h.queue.all.places; n != 0 {
		t.Errorf("%d places are taken", n)
	}
}
