package password

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// Hasher makes and checks password hashes within a fixed budget of memory and cores.
// It is safe for concurrent use. Share one in the whole process: two have twice the budget.
type Hasher struct {
	params    Params
	queue     *queue
	readers   []Reader
	costliest *costliest
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
	return &Hasher{
		params: o.Params, queue: newQueue(o.Slots, o.MaxWait, o.takes()),
		readers: slices.Clone(o.Readers), costliest: newCostliest(blankArgon(o.Params)),
	}
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
// *PolicyError, and the one of Check, which comes after the work of a miss; they reveal nothing
// about the password.
func (h *Hasher) Verify(ctx context.Context, hash Hash, plain string) (bool, error) {
	text, _, code := normalise(plain)
	if code != "" {
		return false, nil
	}
	known, unusable := h.read(hash)
	ok := false
	err := h.do(ctx, func() {
		var spent cost
		if known != nil {
			h.costliest.meet(known)
			spent = known.cost()
			ok = known.matches(text)
		}
		if !ok {
			h.costliest.spendRest(text, spent) // SEC-32
		}
	})
	if err != nil {
		return false, err
	}
	return ok, unusable
}

// Check returns nil if Verify can compare the hash, and for the zero Hash. Otherwise it returns an
// error that wraps ErrMalformedHash and says why: no Reader of Options.Readers knows the format,
// the text is damaged, or the cost is out of bounds. It computes nothing. Use it to judge hashes
// before you import them.
func (h *Hasher) Check(hash Hash) error {
	_, err := h.read(hash)
	return err
}

// read finds how to compare a hash; nil for the zero Hash. Readers come first, except for argon2,
// which says all about itself.
func (h *Hasher) read(hash Hash) (scheme, error) {
	if hash.IsZero() {
		return nil, nil //nolint:nilnil // no password is not an error
	}
	if a, ok := (*hash.stored).(argon); ok {
		return a, nil
	}
	text := hash.Reveal()
	for _, r := range h.readers {
		s, err := r.read(text)
		switch {
		case err == nil:
			return s, nil
		case !errors.Is(err, errUnread):
			return nil, err
		}
	}
	if s, ok := (*hash.stored).(scheme); ok {
		return s, nil
	}
	return nil, errUnread
}

// NeedsRehash reports whether to replace the hash: every hash of another algorithm than argon2id,
// and an argon2id hash that has less memory or fewer passes than a new one, or a shorter salt or
// tag. Call it after a successful Verify, and replace the stored hash only if it has not changed
// since. The zero Hash needs no replacement.
func (h *Hasher) NeedsRehash(hash Hash) bool {
	if hash.IsZero() {
		return false
	}
	a, ok := (*hash.stored).(argon)
	return !ok || a.lags(h.params)
}
