package password

import "slices"

// party is everybody, a network or a client of a queue, whose lock guards it.
type party struct {
	places int    // of callers that run, wait or are about to
	last   uint64 // when it came or had its turn
	lined  int    // waiters
	// members are by name; those of a client are none, and it has a line.
	members map[string]*party
	line    []*waiter // in order of arrival
}

func newParty() *party { return &party{members: map[string]*party{}} }

// member is found or made; a new one comes behind all who wait already.
func (p *party) member(name string, now uint64) *party {
	m := p.members[name]
	if m == nil {
		m = newParty()
		m.last = now
		p.members[name] = m
	}
	return m
}

// memberPlaces is how many places a member has. A party that is not there has no members.
func (p *party) memberPlaces(name string) int {
	if p == nil || p.members[name] == nil {
		return 0
	}
	return p.members[name].places
}

// upTo is how many places the other members have within so many turns each.
func (p *party) upTo(turns int, but string) (n int) {
	if p == nil {
		return 0
	}
	for name, m := range p.members {
		if name != but {
			n += min(m.places, turns)
		}
	}
	return n
}

// next is the first in line of the client whose turn is the longest ago, of the network of which it
// is; nil where nobody waits.
func (p *party) next() *waiter {
	if len(p.line) > 0 {
		return p.line[0]
	}
	var first *party
	for _, m := range p.members {
		if m.lined > 0 && (first == nil || m.last < first.last) {
			first = m
		}
	}
	if first == nil {
		return nil
	}
	return first.next()
}

// lineUp puts a waiter into its client's line; one that has hashed before stays ahead of who came
// later.
func (w *waiter) lineUp() {
	client := w.path[len(w.path)-1]
	at := slices.IndexFunc(client.line, func(other *waiter) bool { return other.number > w.number })
	if at < 0 {
		at = len(client.line)
	}
	client.line = slices.Insert(client.line, at, w)
	w.count(1)
}

// stepOut takes a waiter out of the line, and tells whether it was there.
func (w *waiter) stepOut() bool {
	client := w.path[len(w.path)-1]
	at := slices.Index(client.line, w)
	if at < 0 {
		return false
	}
	client.line = slices.Delete(client.line, at, at+1)
	w.count(-1)
	return true
}

func (w *waiter) count(n int) {
	for _, party := range w.path {
		party.lined += n
	}
}
