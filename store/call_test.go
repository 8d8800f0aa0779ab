package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
)

// setReadOnly makes new connections refuse writes, as those to a standby do, while it holds.
func setReadOnly(cfg *pgxpool.Config, holds *bool) {
	cfg.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		if !*holds {
			return nil
		}
		_, err := conn.Exec(ctx, `SET default_transaction_read_only = on`)
		return err
	}
}

// failInserts lets the first n inserts into ginauth.users do what PL/pgSQL statement does,
// and counts them all.
func (s *setup) failInserts(t *testing.T, n int, statement string) {
	t.Helper()
	s.exec(t, `CREATE SEQUENCE attempts`)
	s.exec(t, fmt.Sprintf(`CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			IF nextval('attempts') <= %d THEN %s; END IF;
			RETURN NEW;
		END $$`, n, statement))
	s.exec(t, `CREATE TRIGGER fail BEFORE INSERT ON ginauth.users FOR EACH ROW EXECUTE FUNCTION fail()`)
}

func (s *setup) attempts(t *testing.T) int {
	t.Helper()
	return s.count(t, `SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM attempts`)
}

func TestConflictsAreRetried(t *testing.T) { // SEC-153
	t.Parallel()
	for _, code := range []string{"40001", "40P01"} {
		for name, c := range map[string]struct {
			failures, attempts int
			err                error
		}{
			"until it works":   {failures: 3, attempts: 4},
			"but not for ever": {failures: 100, attempts: 4, err: driver.ErrUnavailable},
		} {
			t.Run(code+" "+name, func(t *testing.T) {
				t.Parallel()
				s := newSetup(t)
				s.failInserts(t, c.failures, `RAISE EXCEPTION USING ERRCODE = '`+code+`'`)
				filled := 0
				u, err := s.db.CreateUser(t.Context(), newUser(), func(*store.User) error { filled++; return nil })
				if !errors.Is(err, c.err) || (err == nil) == (u.ID == "") {
					t.Errorf("CreateUser = %+v, %v", u, err)
				}
				if got := s.attempts(t); got != c.attempts || filled != 1 {
					t.Errorf("%d attempts, want %d; fill ran %d times", got, c.attempts, filled)
				}
			})
		}
	}
}

func TestNothingIsRetriedInTheCallersTransaction(t *testing.T) { // SEC-152
	t.Parallel()
	s := newSetup(t)
	s.failInserts(t, 100, `RAISE EXCEPTION USING ERRCODE = '40001'`)
	err := pgx.BeginFunc(t.Context(), s.pool, func(tx pgx.Tx) error {
		_, err := store.New[store.User](tx, unhurried).CreateUser(t.Context(), newUser(), nil)
		return err
	})
	var refused *pgconn.PgError
	if !errors.Is(err, driver.ErrUnavailable) || !errors.As(err, &refused) || refused.Code != "40001" {
		t.Errorf("CreateUser: %v", err)
	}
	if got := s.attempts(t); got != 1 {
		t.Errorf("%d attempts, want 1", got)
	}
}

// A statement whose connection broke may have been carried out: trying again could do it twice.
func TestNoWriteIsRetriedAfterAConnectionBroke(t *testing.T) { // SEC-152, SEC-154
	t.Parallel()
	s := newSetup(t)
	s.failInserts(t, 100, `PERFORM pg_terminate_backend(pg_backend_pid())`)
	_, err := s.db.CreateUser(t.Context(), newUser(), nil)
	if !errors.Is(err, driver.ErrUnavailable) {
		t.Errorf("CreateUser: %v", err)
	}
	if got := s.attempts(t); got != 1 {
		t.Errorf("%d attempts, want 1", got)
	}
}

func TestStoreJoinsTheCallersTransaction(t *testing.T) { // SEC-152
	t.Parallel()
	s := newSetup(t)
	taken := newUser()
	if _, err := s.db.CreateUser(t.Context(), taken, nil); err != nil {
		t.Fatal(err)
	}
	undone := errors.New("undo")
	n := newUser()
	session := sessionOf("")
	err := pgx.BeginFunc(t.Context(), s.pool, func(tx pgx.Tx) error {
		db := store.New[store.User](tx, store.WithNow(s.clock.now), unhurried)
		if _, err := db.CreateUser(t.Context(), taken, nil); !errors.Is(err, driver.ErrIdentifierTaken) {
			t.Errorf("CreateUser: %v", err)
		}
		u, err := db.CreateUser(t.Context(), n, nil) // the transaction is still good
		if err != nil {
			return err
		}
		session.UserID = u.ID
		if _, err := db.CreateSession(t.Context(), session); err != nil {
			return err
		}
		if _, _, err := db.FindUserSession(t.Context(), session.Digest); err != nil {
			return err
		}
		return undone
	})
	if !errors.Is(err, undone) {
		t.Fatal(err)
	}
	if _, _, err := s.db.FindCredential(t.Context(), n.Canonical); !errors.Is(err, driver.ErrNoUser) {
		t.Errorf("the user outlived the transaction: %v", err)
	}
	if err := s.find(t, session.Digest); !errors.Is(err, driver.ErrNoSession) {
		t.Errorf("the session outlived the transaction: %v", err)
	}
}
