package codec_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ginauth/ginauth/ginauth/codec"
)

func refused(f func()) (reason any) {
	defer func() { reason = recover() }()
	f()
	return nil
}

func TestRegisterRefusesConflicts(t *testing.T) {
	t.Parallel()
	type one struct{}
	type two struct{}
	codec.Register[one]("conflict.one")
	if reason := refused(func() { codec.Register[one]("conflict.one") }); reason != nil {
		t.Errorf("the same again: %v", reason)
	}
	for name, f := range map[string]func(){
		"a taken name":        func() { codec.Register[two]("conflict.one") },
		"a second name":       func() { codec.Register[one]("conflict.uno") },
		"no name":             func() { codec.Register[two]("") },
		"a quote in the name": func() { codec.Register[two](`a"b`) },
		"a colon in the name": func() { codec.Register[two]("a:b") },
		"another alphabet":    func() { codec.Register[two]("naïve") },
		"a long name":         func() { codec.Register[two](fmt.Sprintf("%065d", 0)) },
		"a pointer":           func() { codec.Register[*two]("p") },
		"an interface":        func() { codec.Register[error]("e") },
		"any":                 func() { codec.Register[any]("a") },
		"a function":          func() { codec.Register[func()]("f") },
		"a channel":           func() { codec.Register[chan int]("c") },
		"a complex number":    func() { codec.Register[complex128]("i") },
		"a built-in type":     func() { codec.Register[string]("s") },
		"a built-in list":     func() { codec.Register[[][]int]("l") },
		"a built-in map":      func() { codec.Register[map[string]any]("m") },
		"bytes":               func() { codec.Register[[]byte]("b") },
	} {
		if refused(f) == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if err, ok := refused(func() { codec.Register[two]("conflict.one") }).(error); !ok || err.Error() == "" {
		t.Errorf("Register panics with %v, not with an error", err)
	}
	codec.Register[two]("conflict.two") // the refusals left nothing behind
}

// generic gives as many types as there are type arguments.
type generic[T any] struct{ Value T }

func TestRegisterIsSafeBesideEncodeAndDecode(t *testing.T) {
	t.Parallel()
	registrations := []func(){
		func() { codec.Register[generic[int]]("generic.int") },
		func() { codec.Register[generic[string]]("generic.string") },
		func() { codec.Register[generic[bool]]("generic.bool") },
		func() { codec.Register[generic[[]int]]("generic.ints") },
	}
	want := []any{generic[int]{1}, generic[string]{"a"}, generic[bool]{true}, generic[[]int]{[]int{1}}}
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			<-start
			for j := range registrations {
				n := (i + j) % len(registrations)
				registrations[n]()
				raw, err := codec.Encode([]any{want[n], map[string]map[uint8]string{}})
				if err != nil {
					t.Error(err)
					return
				}
				got, err := codec.Decode(raw)
				if diff := cmp.Diff([]any{want[n], map[string]map[uint8]string{}}, got); err != nil || diff != "" {
					t.Error(err, diff)
				}
			}
		})
	}
	close(start)
	wg.Wait()
}

func TestOfRivalRegistrationsOneWins(t *testing.T) {
	t.Parallel()
	type left struct{}
	type right struct{}
	start := make(chan struct{})
	results := make(chan bool, 2)
	for _, f := range []func(){func() { codec.Register[left]("rival") }, func() { codec.Register[right]("rival") }} {
		go func() {
			<-start
			results <- refused(f) == nil
		}()
	}
	close(start)
	if first, second := <-results, <-results; first == second {
		t.Errorf("registered: %t and %t", first, second)
	}
}

func TestRegisteredStructMayGainAndLoseFields(t *testing.T) {
	t.Parallel()
	register(t)
	got, err := codec.Decode([]byte(`{"registered:cart":{"items":["tea"],"gone":{"a":[1]}}}`))
	if diff := cmp.Diff(cart{Items: []string{"tea"}}, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
}
