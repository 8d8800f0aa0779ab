package store_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
)

// The export has the mails that were ordered for the user and those that were ordered for the
// address, and no others.
func TestAnExportHasTheMailsThatWait(t *testing.T) { // SEC-161
	t.Parallel()
	s := newSetup(t)
	u, other := s.user(t), s.user(t)
	for _, of := range []store.User{u, other} {
		for _, kind := range []driver.MailKind{driver.MailPassword, driver.MailReset} {
			o := orderFor(of, kind)
			if kind == driver.MailPassword {
				o.UserID = of.ID
			}
			if err := s.db.QueueMail(t.Context(), o); err != nil {
				t.Fatal(err)
			}
		}
	}
	document, err := s.db.ExportUser(t.Context(), u.ID)
	var held struct {
		Mails []struct{ Kind, Email string }
	}
	if err != nil || json.Unmarshal(document, &held) != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, m := range held.Mails {
		if m.Email != u.Email {
			t.Errorf("a mail to %s", m.Email)
		}
		kinds = append(kinds, m.Kind)
	}
	slices.Sort(kinds)
	if !slices.Equal(kinds, []string{"password", "reset"}) {
		t.Errorf("the mails are %v", kinds)
	}
}

// However many mails wait to be sent, an export finds the user's by an index.
func TestAnExportReadsNoOutboxAtOnce(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	var sent statements
	pool := newPool(t, s.pool, func(cfg *pgxpool.Config) { cfg.MaxConns, cfg.ConnConfig.Tracer = 1, &sent })
	if _, err := store.New[store.User](pool).ExportUser(t.Context(), s.user(t).ID); err != nil {
		t.Fatal(err)
	}
	exported := sent.list[len(sent.list)-1]
	s.grow(t)
	plan := s.planOf(t, exported.sql, len(exported.args))
	if strings.Contains(plan, "Seq Scan on outbox") || !strings.Contains(plan, "outbox_email_canonical_idx") {
		t.Error(plan)
	}
}
