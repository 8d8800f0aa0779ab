package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/memory"
)

// Environment variables of TestBothStoresAnswerAlike.
const (
	stepsEnv = "GINAUTH_HISTORY_STEPS" // of all histories together. Default: 4,000
	seedEnv  = "GINAUTH_HISTORY_SEED"  // repeats a history
)

// both is what package store and package memory implement.
type both interface {
	driver.Users[store.User]
	driver.Sessions
	driver.SessionFinder[store.User]
	driver.Limiter
	driver.CredentialLimiter[store.User]
	driver.Logins
	driver.Accounts[store.User]
	driver.Usernames[store.User]
	driver.EventLog
	driver.Authority[store.User]
	driver.SessionExchanger
	driver.Mails[store.User]
	driver.APIKeys[store.User]
	driver.RefreshTokens
	driver.SessionChecker[store.User]

	DisableUser(ctx context.Context, id driver.UserID) error
	EnableUser(ctx context.Context, id driver.UserID) error
	RequirePasswordChange(ctx context.Context, id driver.UserID) error
	DeleteUser(ctx context.Context, id driver.UserID) error
}

// The same calls, in the same order, by several clients, have the same answers in both stores. With GINAUTH_HISTORY_STEPS
// it makes as many calls as wanted; CI makes 100,000.
func TestBothStoresAnswerAlike(t *testing.T) {
	t.Parallel()
	const histories = 4
	steps, seed := 4_000, rand.Uint64()
	if text := os.Getenv(stepsEnv); text != "" {
		steps, _ = strconv.Atoi(text)
	}
	if text := os.Getenv(seedEnv); text != "" {
		seed, _ = strconv.ParseUint(text, 10, 64)
	}
	t.Logf("to repeat it: %s=%d %s=%d", seedEnv, seed, stepsEnv, steps)
	for i := range histories {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Parallel()
			newHistory(t, seed+uint64(i)).run(steps / histories)
		})
	}
}

// history is a sequence of calls that is made twice.
type history struct {
	*testing.T
	*rand.Rand

	sides  [2]*side
	log    []string
	clock  *clock
	digest []driver.Digest       // of sessions
	tokens []driver.RefreshKey   // of logins
	keys   []driver.Digest       // of API keys
	links  []driver.Digest       // in mails
	known  []driver.LimitKey     // devices
	ended  []driver.Digest       // sessions that another store keeps
	epochs []int64               // that somebody may present
	tried  []driver.Attempt      // that may be settled
	kinds  []driver.MailKind     // of links
	counts map[string]int        // of calls
	done   map[string]int        // of those that were not refused
	causes []context.Context     // of the clients
	hashes map[int]password.Hash // by their number
}

// side is one of the stores, with its own names of things.
type side struct {
	both

	users    []driver.UserID
	sessions []driver.SessionID
	families []driver.SessionID
	keys     []driver.APIKeyID
	mails    []driver.Mail
	names    map[string]string
	owners   map[string]driver.UserID
}

func newHistory(t *testing.T, seed uint64) *history {
	t.Helper()
	s := newSetup(t)
	h := &history{T: t, Rand: rand.New(rand.NewPCG(seed, seed)), clock: s.clock, counts: map[string]int{}, done: map[string]int{}, hashes: map[int]password.Hash{}}
	m := memory.New(memory.Options[store.User]{Now: s.clock.now, Mail: true, Limit: 1 << 30, SweepEvery: 1 << 60})
	db := store.New[store.User](s.pool, store.WithNow(s.clock.now), store.WithMail(), unhurried)
	h.sides = [2]*side{{both: db, names: map[string]string{}, owners: map[string]driver.UserID{}}, {both: m, names: map[string]string{}, owners: map[string]driver.UserID{}}}
	for i := range 2 {
		h.hashes[i] = hash('a' + rune(i))
	}
	for i := range 3 {
		h.causes = append(h.causes, driver.WithCause(t.Context(), driver.Cause{
			Operation: "call", RequestID: strconv.Itoa(i),
			Origin: driver.Origin{Addr: netip.AddrFrom4([4]byte{203, 0, 113, byte(i)}), UserAgent: "Firefox"},
		}))
	}
	h.causes = append(h.causes, t.Context()) // an operator
	return h
}

func (h *history) run(steps int) {
	calls := h.calls()
	var names []string
	for name, c := range calls {
		for range c.weight {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for range steps {
		h.clock.add(time.Duration(1+h.IntN(1000)) * time.Microsecond) // nothing happens at one time
		if h.IntN(40) == 0 {
			h.clock.add(time.Duration(h.IntN(int(20 * time.Minute))).Truncate(time.Microsecond))
		}
		name := names[h.IntN(len(names))]
		h.counts[name]++
		call := calls[name].make()
		ctx := h.causes[h.IntN(len(h.causes))]
		answers := [2]string{}
		for i, s := range h.sides {
			answers[i] = s.named(call(ctx, s))
		}
		if !isRefusal(answers[0]) {
			h.done[name]++
		}
		h.log = append(h.log, fmt.Sprintf("%s: %s", name, answers[0]))
		if answers[0] != answers[1] {
			differ := 0
			for differ < min(len(answers[0]), len(answers[1])) && answers[0][differ] == answers[1][differ] {
				differ++
			}
			h.Fatalf("%s\nPostgreSQL: %s\nmemory:     %s\nthey differ from %q\nto               %q", strings.Join(h.log[max(0, len(h.log)-12):], "\n"), answers[0], answers[1], answers[0][differ:], answers[1][differ:])
		}
	}
	for name := range calls {
		h.Logf("%s: %d of %d were not refused", name, h.done[name], h.counts[name])
		if h.done[name] == 0 && h.counts[name] > 300 {
			h.Errorf("%s was refused each of %d times", name, h.counts[name])
		}
	}
}

var uuids = regexp.MustCompile(`nobody [^@]*|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// named replaces the ids in an answer, which differ, by their order of appearance.
func (s *side) named(answer string) string {
	return uuids.ReplaceAllStringFunc(answer, func(id string) string {
		if s.names[id] == "" {
			s.names[id] = "#" + strconv.Itoa(len(s.names))
		}
		return s.names[id]
	})
}

// answers of the contract, by their names.
var answersByName = map[string]error{
	"no user": driver.ErrNoUser, "no session": driver.ErrNoSession, "reused": driver.ErrTokenReused, "taken": driver.ErrIdentifierTaken,
	"too large": driver.ErrSessionTooLarge, "no key": driver.ErrNoAPIKey, "too many keys": driver.ErrTooManyAPIKeys,
	"no token": driver.ErrNoEmailToken, "no mail": driver.ErrNoMail, "unavailable": driver.ErrUnavailable,
}

func isRefusal(answer string) bool {
	name, _, found := strings.Cut(answer, "; ")
	return found && (name == "an error" || answersByName[name] != nil)
}

// show prints an answer, without what may differ.
func (h *history) show(err error, values ...any) string {
	var b strings.Builder
	if err != nil {
		name := "an error"
		for n, answer := range answersByName {
			if errors.Is(err, answer) {
				name = n
			}
		}
		b.WriteString(name + "; ")
		if name == "unavailable" {
			h.Fatal(err)
		}
	}
	for _, v := range values {
		switch v := v.(type) {
		case store.User:
			fmt.Fprintf(&b, "{%s %s %q %s %s %s %s} ", v.ID, v.Email, v.Name, at(v.VerifiedAt), at(v.DisabledAt), at(&v.CreatedAt), at(&v.UpdatedAt))
		case driver.Session:
			data := canonicalJSON(v.Data)
			v.Data = nil
			fmt.Fprintf(&b, "%+v %s ", v, data)
		case password.Hash:
			b.WriteString(h.number(v))
		case json.RawMessage:
			b.WriteString(canonicalJSON(v))
		case []driver.Session:
			for _, s := range v {
				b.WriteString(h.show(nil, s))
			}
		case []driver.Event:
			for _, e := range v {
				e.ID = 0
				fmt.Fprintf(&b, "%+v ", e)
			}
		default:
			fmt.Fprintf(&b, "%+v ", v)
		}
	}
	return b.String()
}

func (h *history) number(v password.Hash) string {
	for n, known := range h.hashes {
		if v.Equal(known) {
			return "hash " + strconv.Itoa(n)
		}
	}
	return "no hash"
}

func at(t *time.Time) string {
	if t == nil {
		return "never"
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// canonicalJSON prints JSON with its times and keys in one form.
func canonicalJSON(text json.RawMessage) string {
	var v any
	if len(text) == 0 {
		return ""
	}
	if err := json.Unmarshal(text, &v); err != nil {
		return err.Error()
	}
	sorted, _ := json.Marshal(inUTC(v))
	return string(sorted)
}

func inUTC(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			v[key] = inUTC(value)
		}
	case []any:
		for i, value := range v {
			v[i] = inUTC(value)
		}
		slices.SortFunc(v, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) }) // ids of one time differ
	case string:
		if t, err := time.Parse(time.RFC3339Nano, v); err == nil {
			return at(&t)
		}
	}
	return v
}
