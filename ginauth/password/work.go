package password

import "sync"

// cost is the work of one comparison.
type cost struct {
	// algorithm is what the units are comparable within: a comparable value.
	algorithm any
	units     uint64
}

// costliest has the costliest hash of each algorithm that a Hasher has met. Every miss does the
// work of all of them, so that its time does not tell whose hash it was, nor that there was one
// (SEC-32).
type costliest struct {
	mu sync.Mutex
	of map[any]scheme
}

func newCostliest(decoy scheme) *costliest {
	return &costliest{of: map[any]scheme{decoy.cost().algorithm: decoy}}
}

func (c *costliest) meet(s scheme) {
	met := s.cost()
	c.mu.Lock()
	defer c.mu.Unlock()
	if known := c.of[met.algorithm]; known == nil || known.cost().units < met.units {
		c.of[met.algorithm] = s
	}
}

// spendRest does what a miss still has to do after it has spent so much.
func (c *costliest) spendRest(plain string, spent cost) {
	c.mu.Lock()
	all := make([]scheme, 0, len(c.of))
	for _, s := range c.of {
		all = append(all, s)
	}
	c.mu.Unlock()
	for _, s := range all {
		rest := s.cost()
		if rest.algorithm == spent.algorithm {
			rest.units -= min(rest.units, spent.units)
		}
		if rest.units > 0 {
			s.spend(plain, rest.units)
		}
	}
}
