package password

import (
	"cmp"
	"errors"
	"fmt"
	"runtime"
	"time"
)

const (
	// defaultMaxWait is what people wait for without trying again. At 20 ms a hash it is a hundred
	// of them per slot.
	defaultMaxWait = 2 * time.Second

	// Bounds that only a mistyped option exceeds.
	maxSlots   = 1 << 10
	maxMaxWait = time.Minute
)

// Options configures a Hasher. The zero value is the recommended setting.
type Options struct {
	// Params is the cost of new hashes. Less than OWASP's floor is an error: 46 MiB with
	// 1 pass, 19 MiB with 2, 12 MiB with 3 or more.
	Params
	// Slots is how many hashes are computed at the same time, each with its MemoryKiB. Default:
	// GOMAXPROCS, because more take memory without being faster. At most 1024.
	Slots int
	// MaxWait is how long a caller may wait for a slot. The queue estimates each wait from how long
	// hashes took lately. A caller whose wait would be longer gets a *BusyError at once, and a
	// caller that has waited for MaxWait gets it then. A waiting caller holds no memory for a hash.
	// Default: 2 s. Negative means no wait. At most 1 min.
	MaxWait time.Duration
	// Readers read the hashes of other systems, which users bring along; the first that knows a
	// text reads it. Default: none, which leaves argon2id, argon2i and bcrypt.
	Readers []Reader
	// InsecureCheap replaces Params by a cost that protects nothing, less than a hundredth of the
	// default. It is safe only in tests, whose passwords are made up. Default: false.
	InsecureCheap bool
}

// withDefaults fills what is zero; a negative MaxWait becomes the 0 that it means.
func (o Options) withDefaults() Options {
	o.Params = o.Params.withDefaults()
	if o.InsecureCheap {
		o.Params = insecureParams
	}
	o.Slots = cmp.Or(o.Slots, runtime.GOMAXPROCS(0))
	o.MaxWait = cmp.Or(o.MaxWait, defaultMaxWait)
	o.MaxWait = max(0, o.MaxWait)
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
	for i, r := range o.Readers {
		if err := r.validate(); err != nil {
			return fmt.Errorf("password.Options: Readers[%d]: %w", i, err)
		}
	}
	if o.Slots < 0 || o.Slots > maxSlots {
		return fmt.Errorf("password.Options: Slots is %d; it must be 0 (default) to %d", o.Slots, maxSlots)
	}
	if o.MaxWait > maxMaxWait {
		return fmt.Errorf("password.Options: MaxWait is %s; it must be negative (none), 0 (default, %s) or at most %s", o.MaxWait, defaultMaxWait, maxMaxWait)
	}
	return nil
}
