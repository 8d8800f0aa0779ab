package password

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// SEC-144: of a storm, so many run, so many wait, and the rest is turned away.
func TestSlotsBoundAStorm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const run, wait, callers = 3, 12, 500
		s := newSlots(run, wait)
		gate := make(chan struct{})
		var running, done, busy atomic.Int64
		for range callers {
			go func() {
				err := s.do(t.Context(), func() {
					if n := running.Add(1); n > run {
						t.Errorf("%d run at once", n)
					}
					<-gate
					running.Add(-1)
					done.Add(1)
				})
				if errors.Is(err, ErrBusy) {
					busy.Add(1)
				} else if err != nil {
					t.Errorf("do: %v", err)
				}
			}()
		}
		synctest.Wait()
		if running.Load() != run || busy.Load() != callers-run-wait {
			t.Errorf("%d run and %d were refused", running.Load(), busy.Load())
		}
		close(gate)
		synctest.Wait()
		if done.Load() != run+wait {
			t.Errorf("%d were served", done.Load())
		}
		if err := s.do(t.Context(), func() {}); err != nil {
			t.Errorf("after the storm: %v", err)
		}
	})
}

// SEC-147: who hangs up while waiting leaves no work, and the place in the queue is free.
func TestCancelledCallerLeavesTheQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(1, 1)
		gate := make(chan struct{})
		go func() { _ = s.do(t.Context(), func() { <-gate }) }()
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		left := make(chan error, 1)
		go func() { left <- s.do(ctx, func() { t.Error("cancelled work ran") }) }()
		synctest.Wait()
		if err := s.do(t.Context(), func() { t.Error("refused work ran") }); !errors.Is(err, ErrBusy) {
			t.Errorf("a third caller: %v", err)
		}
		cancel()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled caller: %v", err)
		}
		served := false
		go func() { _ = s.do(t.Context(), func() { served = true }) }()
		synctest.Wait()
		close(gate)
		synctest.Wait()
		if !served {
			t.Error("the freed place serves nobody")
		}
	})
}

// Every computation goes through the slots, whatever the scheme.
func TestHasherComputesInSlotsOnly(t *testing.T) {
	t.Parallel()
	h := newHasher(Options{InsecureCheap: true, Slots: 1, Queue: -1})
	bcrypted, err := ParseHash("$2b$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG")
	if err != nil {
		t.Fatal(err)
	}
	made, err := h.Hash(t.Context(), "correct horse battery staple")
	if err != nil {
		t.Fatal(err)
	}
	err = h.slots.do(t.Context(), func() {
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
	want := Options{Params: Params{MemoryKiB: 19456, Passes: 2}, Slots: procs, Queue: 4 * procs}
	if got := (Options{}).withDefaults(); got != want {
		t.Errorf("defaults are %+v", got)
	}
	if got := (Options{Slots: 3, Queue: -1}).withDefaults(); got.Slots != 3 || got.Queue != 0 {
		t.Errorf("no queue is %+v", got)
	}
	if maxInputBytes != 3*1024 {
		t.Errorf("maxInputBytes is %d", maxInputBytes)
	}
}

func TestEnterHoldsOnePlaceForSeveralCalls(t *testing.T) {
	t.Parallel()
	h, err := New(Options{InsecureCheap: true, Slots: 1, Queue: -1})
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
	if _, err := h.Hash(t.Context(), "correct horse battery staple"); err != nil {
		t.Errorf("after leave: %v", err)
	}
}
