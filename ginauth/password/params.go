package password

import (
	"cmp"
	"fmt"
	"time"
)

// Bounds on what one argon2id computation may cost, for configured and for stored parameters.
const (
	maxMemoryKiB    = 256 << 10
	maxMemoryPasses = 1 << 20 // KiB times passes: 0.8 s of a core
)

// Params is the cost of argon2id. Parallelism is always 1: a server spends its cores on
// different logins. The zero value is OWASP's first choice, 19 MiB and 2 passes.
type Params struct {
	// MemoryKiB is the memory of one hash in KiB. Default: 19456 (19 MiB). At most 262144.
	MemoryKiB uint32
	// Passes is the number of passes over that memory. Default: 2.
	Passes uint32
}

// insecureParams serve Options.InsecureCheap.
var insecureParams = Params{MemoryKiB: 64, Passes: 1}

func (p Params) withDefaults() Params {
	p.MemoryKiB = cmp.Or(p.MemoryKiB, 19<<10)
	p.Passes = cmp.Or(p.Passes, 2)
	return p
}

// memoryPasses does not overflow for params that are bounded.
func (p Params) memoryPasses() uint32 { return p.MemoryKiB * p.Passes }

// takes is a first estimate of how long a hash takes: 19 MiB and 2 passes, 20 ms.
func (p Params) takes() time.Duration {
	return time.Duration(p.memoryPasses()) * 20 * time.Millisecond / (2 * 19 << 10)
}

func (p Params) bounded() bool {
	return p.MemoryKiB > 0 && p.MemoryKiB <= maxMemoryKiB && p.Passes <= maxMemoryPasses/p.MemoryKiB
}

// floorKiB is the least memory for a number of passes: three of the equivalent settings
// in OWASP's Password Storage Cheat Sheet, which ASVS 5.0 appendix C repeats.
func floorKiB(passes uint32) uint32 {
	switch passes {
	case 1:
		return 46 << 10
	case 2:
		return 19 << 10
	}
	return 12 << 10
}

func (p Params) validate() error {
	if floor := floorKiB(p.Passes); p.MemoryKiB < floor {
		return fmt.Errorf("password.Params: MemoryKiB is %d; with Passes %d it must be at least %d (OWASP)", p.MemoryKiB, p.Passes, floor)
	}
	if !p.bounded() {
		return fmt.Errorf("password.Params: MemoryKiB %d with Passes %d is too much; MemoryKiB must be at most %d and their product at most %d",
			p.MemoryKiB, p.Passes, maxMemoryKiB, maxMemoryPasses)
	}
	return nil
}
