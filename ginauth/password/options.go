package password

import (
	"errors"
	"fmt"
	"runtime"
)

const (
	// queuePerSlot: at 20 ms a hash the last in the queue waits for about 100 ms.
	queuePerSlot = 4

	// Bounds that only a mistyped option exceeds.
	maxSlots = 1 << 10
	maxQueue = 1 << 16
)

// Options configures a Hasher. The zero value is the recommended setting.
type Options struct {
	// Params is the cost of new hashes. Less than OWASP's floor is an error: 46 MiB with
	// 1 pass, 19 MiB with 2, 12 MiB with 3 or more.
	Params
	// Slots is how many hashes are computed at once, each with its MemoryKiB.
	// Default: GOMAXPROCS, since more of them cost memory and gain no speed. At most 1024.
	Slots int
	// Queue is how many callers may wait for a slot; the next one gets ErrBusy.
	// Default: 4 times Slots. -1 is none. At most 65536.
	Queue int
	// InsecureCheap replaces Params by a cost that protects nothing, under a hundredth of the
	// default. It is safe only in tests, whose passwords are made up.
	InsecureCheap bool
}

// withDefaults fills what is zero; a Queue of -1 becomes the 0 that it means.
func (o Options) withDefaults() Options {
	o.Params = o.Params.withDefaults()
	if o.InsecureCheap {
		o.Params = insecureParams
	}
	if o.Slots == 0 {
		o.Slots = runtime.GOMAXPROCS(0)
	}
	switch o.Queue {
	case 0:
		o.Queue = queuePerSlot * o.Slots
	case -1:
		o.Queue = 0
	}
	return o
}

// validate judges the options as they were written.
func (o Options) validate() error {
	if o.InsecureCheap && o.Params != (Params{}) {
		return errors.New("password.Options: InsecureCheap excludes MemoryKiB and Passes")
	}
	if !o.InsecureCheap {
		if err := o.Params.withDefaults().validate(); err != nil {
			return err
		}
	}
	if o.Slots < 0 || o.Slots > maxSlots {
		return fmt.Errorf("password.Options: Slots is %d; it must be 0 (default) to %d", o.Slots, maxSlots)
	}
	if o.Queue < -1 || o.Queue > maxQueue {
		return fmt.Errorf("password.Options: Queue is %d; it must be -1 (none), 0 (default) or at most %d", o.Queue, maxQueue)
	}
	return nil
}
