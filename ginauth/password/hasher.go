package password

import (
	"context"
	"sync"
)

// Hasher makes and checks password hashes within a fixed budget of memory and cores.
// It is safe for concurrent use. Share one in the whole process: two have twice the budget.
type Hasher struct {
	params Params
	queue  *queue
	decoy  argon
}

var sharedHasher = sync.OnceValue(func() *Hasher { return newHasher(Options{}) })

// Default returns the Hasher with the zero Options that the whole process shares.
func Default() *Hasher { return sharedHasher() }

// New returns a Hasher, or an error that names the option that is out of bounds.
func New(o Options) (*Hasher, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	return newHasher(o), nil
}

func newHasher(o Options) *Hasher {
	o = o.withDefaults()
	return &Hasher{params: o.Params, queue: newQueue(o.Slots, o.MaxWait, o.takes()), decoy: blankArgon(o.Params)}
}

// Hash hashes a password in its NFC form. It applies no policy: only an empty password, one of more
// than 256 code points, and one that is not UTF-8 or contains a NUL are a *PolicyError. A
// *BusyError, which wraps ErrBusy, means that the wait was too long or would be. The context's
// error means that it ended while waiting.
func (h *Hasher) Hash(ctx context.Context, plain string) (Hash, error) {
	text, _, code := normalise(plain)
	if code != "" {
		return Hash{}, refusal(code, 1, maxCodePoints)
	}
	var made argon
	if err := h.do(ctx, func() { made = newArgon(text, h.params) }); err != nil {
		return Hash{}, err
	}
	return newHash(made), nil
}

// Verify reports whether the password belongs to the hash. The zero Hash matches nothing and costs
// as much, so verify it for users who do not exist or have no password. A password that Hash
// refuses matches nothing and costs nothing, for every user. The errors are those of Hash except
// *PolicyError; they reveal nothing about the password.
func (h *Hasher) Verify(ctx context.Context, hash Hash, plain string) (bool, error) {
	text, _, code := normalise(plain)
	if code != "" {
		return false, nil
	}
	ok := false
	err := h.do(ctx, func() {
		if hash.IsZero() {
			h.decoy.derive(text) // SEC-32
			return
		}
		ok = (*hash.scheme).matches(text)
		if !ok {
			h.topUp(*hash.scheme, text)
		}
	})
	return ok, err
}

// topUp spends what a miss on an older, cheaper argon2id hash has saved, so that it takes
// as long as a miss on a new one or on none (SEC-32).
func (h *Hasher) topUp(known scheme, text string) {
	spent, target := known.memoryPasses(), h.params.memoryPasses()
	if spent == 0 || spent >= target {
		return
	}
	rest := h.decoy
	rest.params.MemoryKiB = (target - spent) / h.params.Passes
	rest.derive(text)
}

// NeedsRehash reports whether the hash has less memory or fewer passes than a new one, a shorter
// salt or tag, or is bcrypt. Call it after a successful Verify, and replace the stored hash only if
// it has not changed since. The zero Hash needs no replacement.
func (h *Hasher) NeedsRehash(hash Hash) bool {
	return !hash.IsZero() && (*hash.scheme).lags(h.params)
}
