package store_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
)

// places is how many statements of a kind run at once; further callers wait for them.
const places = 2

// noticed is a context that tells when a call first waits for it to end.
type noticed struct {
	context.Context
	once sync.Once
	in   *atomic.Int64
}

func (n *noticed) Done() <-chan struct{} {
	n.once.Do(func() { n.in.Add(1) })
	return n.Context.Done()
}

// crowd makes callers wait in a store at the same moment.
type crowd struct {
	in      atomic.Int64
	cancels []context.CancelFunc
	errs    []chan error
}

// enter starts the callers and returns when all of them wait. It needs a lock that stops them.
func (c *crowd) enter(t *testing.T, callers int, call func(ctx context.Context, i int) error) {
	t.Helper()
	arrived := c.in.Load()
	for i := range callers {
		ctx, cancel := context.WithCancel(t.Context())
		err := make(chan error, 1)
		c.cancels, c.errs = append(c.cancels, cancel), append(c.errs, err)
		n := &noticed{Context: ctx, in: &c.in}
		go func() { err <- call(n, i) }()
	}
	for start := time.Now(); c.in.Load() < arrived+int64(callers); runtime.Gosched() {
		if time.Since(start) > patience {
			t.Fatalf("%d of %d callers wait", c.in.Load(), arrived+int64(callers))
		}
	}
}

func (c *crowd) result(t *testing.T, i int) error {
	t.Helper()
	select {
	case err := <-c.errs[i]:
		return err
	case <-time.After(patience):
		t.Fatalf("caller %d has no answer", i)
		return nil
	}
}

// lock stops every statement on a session's table until the function is called.
func (s *setup) lock(t *testing.T) (unlock func()) {
	t.Helper()
	tx, err := s.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback(context.Background()) })
	if _, err := tx.Exec(t.Context(), `LOCK TABLE ginauth.sessions IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := tx.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// traced is the same store on a pool that counts its statements.
func (s *setup) traced(t *testing.T, opts ...store.Option) (*store.DB[store.User], *statementCount) {
	t.Helper()
	var statements statementCount
	pool := newPool(t, s.pool, func(cfg *pgxpool.Config) { cfg.ConnConfig.Tracer, cfg.MaxConns = &statements, 2*places })
	return store.New[store.User](pool, append([]store.Option{store.WithNow(s.clock.now), unhurried}, opts...)...), &statements
}

// A third of the callers give up while they wait. Each of the others gets its own session, in
// memory of its own, and few statements are sent.
func TestWaitingLookupsShareAStatement(t *testing.T) { // SEC-174
	t.Parallel()
	s := newSetup(t)
	const callers, sessions = 64, 48
	digests, owners := make([]driver.Digest, sessions), make([]driver.UserID, sessions)
	for i := range digests {
		n := sessionOf(s.user(t).ID)
		n.Data = fmt.Appendf(nil, `{"n": %d}`, i)
		digests[i], owners[i] = n.Digest, n.UserID
		s.session(t, n)
	}
	unknown := newDigest()
	db, statements := s.traced(t, store.WithTimeout(time.Minute))
	check := func(r driver.Session, i int) error {
		want := fmt.Sprintf(`{"n": %d}`, i%sessions)
		if r.Digest != digests[i%sessions] || string(r.Data) != want || r.UserID != owners[i%sessions] {
			return fmt.Errorf("caller %d got the session %v with %s", i, r.Digest, r.Data)
		}
		r.Data[0] = '!' // what is mine alone may be written to
		return nil
	}
	for name, find := range map[string]func(ctx context.Context, d driver.Digest, i int) error{
		"FindSession": func(ctx context.Context, d driver.Digest, i int) error {
			r, err := db.FindSession(ctx, d)
			if err != nil {
				return err
			}
			return check(r, i)
		},
		"FindUserSession": func(ctx context.Context, d driver.Digest, i int) error {
			u, r, err := db.FindUserSession(ctx, d)
			if err != nil {
				return err
			}
			if u.ID != owners[i%sessions] {
				return fmt.Errorf("caller %d got the user %s", i, u.ID)
			}
			return check(r, i)
		},
	} {
		unlock := s.lock(t)
		statements.Store(0)
		var c crowd
		c.enter(t, callers, func(ctx context.Context, i int) error {
			if i%8 == 7 {
				return find(ctx, unknown, i)
			}
			return find(ctx, digests[i%sessions], i)
		})
		for i := 0; i < callers; i += 3 {
			c.cancels[i]()
			if err := c.result(t, i); !errors.Is(err, context.Canceled) || errors.Is(err, driver.ErrUnavailable) {
				t.Errorf("%s: caller %d left while others wait: %v, want context.Canceled alone", name, i, err)
			}
		}
		unlock()
		for i := range callers {
			if i%3 == 0 {
				continue
			}
			err := c.result(t, i)
			if i%8 == 7 && errors.Is(err, driver.ErrNoSession) {
				continue
			}
			if err != nil || i%8 == 7 {
				t.Errorf("%s: caller %d: %v", name, i, err)
			}
		}
		if sent := statements.Load(); sent > 4*places {
			t.Errorf("%s: %d callers sent %d statements", name, callers, sent)
		}
	}
}

func TestLookupsAtOnceGetTheirOwnSession(t *testing.T) { // SEC-174
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		const callers, rounds = 32, 20
		digests, owners := make([]driver.Digest, callers), make([]driver.UserID, callers)
		for i := range digests {
			n := sessionOf(s.user(t).ID)
			digests[i], owners[i] = n.Digest, n.UserID
			s.session(t, n)
		}
		for i, err := range together(callers, func(ctx context.Context, i int) error {
			for range rounds {
				u, r, err := s.db.FindUserSession(ctx, digests[i])
				if err != nil || u.ID != owners[i] || r.Digest != digests[i] {
					return fmt.Errorf("user %s, session %v: %w", u.ID, r.Digest, err)
				}
				if r, err = s.db.FindSession(ctx, digests[i]); err != nil || r.UserID != owners[i] {
					return fmt.Errorf("session %v: %w", r.Digest, err)
				}
			}
			return nil
		}) {
			if err != nil {
				t.Errorf("caller %d: %v", i, err)
			}
		}
	})
}

// strict is a user type with a column that does not always scan, and whose Scan may panic.
type strict struct {
	store.User
	Mood mood `db:"mood"`
}

type mood string

func (m *mood) Scan(v any) error {
	switch v {
	case "angry":
		return errors.New("angry")
	case "panic":
		panic("mood")
	}
	*m = mood(v.(string)) //nolint:forcetypeassert,errcheck // the column is NOT NULL
	return nil
}

func TestRowThatCannotBeReadFailsItsCallerAlone(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.exec(t, `ALTER TABLE ginauth.users ADD COLUMN mood text NOT NULL DEFAULT 'fine'`)
	const callers = 24
	digests := make([]driver.Digest, callers)
	for i := range digests {
		u := s.user(t)
		n := sessionOf(u.ID)
		digests[i] = n.Digest
		s.session(t, n)
		if i%4 == 0 && i > places {
			s.exec(t, `UPDATE ginauth.users SET mood = $2 WHERE id = $1`, string(u.ID), []string{"angry", "panic"}[i/4%2])
		}
	}
	db := store.New[strict](newPool(t, s.pool, func(*pgxpool.Config) {}), store.WithTimeout(time.Minute), store.WithNow(s.clock.now))
	unlock := s.lock(t)
	var c crowd
	find := func(ctx context.Context, i int) error {
		u, _, err := db.FindUserSession(ctx, digests[i])
		if err == nil && u.Mood != "fine" {
			return fmt.Errorf("the user is %s", u.Mood)
		}
		return err
	}
	c.enter(t, places, find)
	c.enter(t, callers-places, func(ctx context.Context, i int) error { return find(ctx, i+places) })
	unlock()
	for i := range callers {
		err := c.result(t, i)
		bad := i%4 == 0 && i > places
		if bad != (err != nil) || errors.Is(err, driver.ErrUnavailable) || errors.Is(err, driver.ErrNoSession) {
			t.Errorf("caller %d: %v", i, err)
		}
	}
}

// No statement is sent for callers that have given up, such as after an outage.
func TestNoStatementIsSentForThoseWhoLeft(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	db, statements := s.traced(t, store.WithTimeout(time.Minute))
	find := func(ctx context.Context, _ int) error { _, err := db.FindSession(ctx, newDigest()); return err }
	unlock := s.lock(t)
	var c crowd
	c.enter(t, places, find)
	c.enter(t, 16, find)
	for i := places; i < len(c.cancels); i++ {
		c.cancels[i]()
		if err := c.result(t, i); !errors.Is(err, context.Canceled) {
			t.Errorf("caller %d: %v, want context.Canceled", i, err)
		}
	}
	unlock()
	for i := range places {
		if err := c.result(t, i); !errors.Is(err, driver.ErrNoSession) {
			t.Errorf("caller %d: %v, want ErrNoSession", i, err)
		}
	}
	if err := find(t.Context(), 0); !errors.Is(err, driver.ErrNoSession) { // comes after what would be sent for them
		t.Error(err)
	}
	if sent := statements.Load(); sent != places+1 {
		t.Errorf("%d statements, want %d", sent, places+1)
	}
}

func TestWaitingLookupsEndAtTheDeadline(t *testing.T) { // SEC-157
	t.Parallel()
	s := newSetup(t)
	n := sessionOf(s.user(t).ID)
	s.session(t, n)
	const timeout = 4 * time.Second // waiting twice must be told from waiting once
	db, _ := s.traced(t, store.WithTimeout(timeout))
	find := func(ctx context.Context, _ int) error { _, _, err := db.FindUserSession(ctx, n.Digest); return err }
	unlock := s.lock(t)
	start := time.Now()
	for i, err := range together(64, find) {
		if !errors.Is(err, driver.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("caller %d: %v, want ErrUnavailable", i, err)
		}
	}
	if took := time.Since(start); took > 2*timeout-timeout/8 {
		t.Errorf("they waited %v, and the deadline is %v", took, timeout)
	}
	unlock()
	if err := find(t.Context(), 0); err != nil {
		t.Errorf("after the fault: %v", err)
	}
}

// The statements of a few callers hang on connections that died in silence. The others do not wait
// until those fail.
func TestHangingStatementsDoNotHoldOthersUp(t *testing.T) { // SEC-157
	t.Parallel()
	s, n := newSetup(t), &network{}
	session := sessionOf(s.user(t).ID)
	s.session(t, session)
	pool := poolBehind(t, n, s.pool)
	db := store.New[store.User](pool, store.WithTimeout(10*time.Second), store.WithNow(s.clock.now))
	find := func(ctx context.Context, _ int) error { _, err := db.FindSession(ctx, session.Digest); return err }
	warmUp(t, pool, places)
	n.become(blackHole)
	var c crowd
	c.enter(t, places, find)
	for start := time.Now(); n.lost.Load() < places; runtime.Gosched() {
		if time.Since(start) > patience {
			t.Fatal("the statements were not sent")
		}
	}
	n.become(healthy)
	if err := find(t.Context(), 0); err != nil {
		t.Errorf("a lookup behind those that hang: %v", err)
	}
	for i := range places {
		select {
		case err := <-c.errs[i]:
			t.Fatalf("caller %d did not hang: %v", i, err)
		default:
			c.cancels[i]()
		}
	}
}

// warmUp opens connections, so that later calls find them.
func warmUp(t *testing.T, pool *pgxpool.Pool, conns int) {
	t.Helper()
	for range conns {
		conn, err := pool.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Release()
	}
}

func TestEndedSessionStaysDeadWhenTheClockGoesBack(t *testing.T) { // SEC-67, SEC-68
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		for name, c := range map[string]struct {
			lifetime time.Duration
			find     func(driver.Digest) error
		}{
			"idle, FindSession":     {lifetime, func(d driver.Digest) error { _, err := s.db.FindSession(t.Context(), d); return err }},
			"idle, FindUserSession": {lifetime, func(d driver.Digest) error { _, _, err := s.db.FindUserSession(t.Context(), d); return err }},
			"over, FindSession":     {idleTimeout / 2, func(d driver.Digest) error { _, err := s.db.FindSession(t.Context(), d); return err }},
			"over, FindUserSession": {idleTimeout / 2, func(d driver.Digest) error { _, _, err := s.db.FindUserSession(t.Context(), d); return err }},
		} {
			n := sessionOf(s.user(t).ID)
			n.Lifetime = c.lifetime
			s.session(t, n)
			end := min(c.lifetime, idleTimeout)
			s.clock.add(end)
			if err := c.find(n.Digest); !errors.Is(err, driver.ErrNoSession) {
				t.Errorf("%s, at its end: %v", name, err)
			}
			s.clock.add(-end)
			if err := c.find(n.Digest); !errors.Is(err, driver.ErrNoSession) {
				t.Errorf("%s, when the clock went back: %v", name, err)
			}
		}
	})
}

func TestUnknownTokenIsOneStatement(t *testing.T) { // SEC-67
	t.Parallel()
	s := newSetup(t)
	db, statements := s.traced(t)
	for name, find := range map[string]func() error{
		"FindSession":     func() error { _, err := db.FindSession(t.Context(), newDigest()); return err },
		"FindUserSession": func() error { _, _, err := db.FindUserSession(t.Context(), newDigest()); return err },
	} {
		statements.Store(0)
		if err := find(); !errors.Is(err, driver.ErrNoSession) || statements.Load() != 1 {
			t.Errorf("%s: %v after %d statements, want ErrNoSession after 1", name, err, statements.Load())
		}
	}
}

// The app's transaction may be read-only.
func TestLookupInATransactionNeverWrites(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	n := sessionOf(s.user(t).ID)
	s.session(t, n)
	s.clock.add(idleTimeout)
	tx, err := s.pool.BeginTx(t.Context(), pgx.TxOptions{AccessMode: pgx.ReadOnly})
	if err != nil {
		t.Fatal(err)
	}
	db := store.New[store.User](tx, store.WithNow(s.clock.now), unhurried)
	if _, _, err := db.FindUserSession(t.Context(), n.Digest); !errors.Is(err, driver.ErrNoSession) {
		t.Errorf("an ended session: %v", err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Errorf("the transaction is lost: %v", err)
	}
}
