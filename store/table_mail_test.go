package store_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/refresh"
	"github.com/ginauth/ginauth/store"
)

// required is a table whose columns are NOT NULL where they can be.
var required = ownTable{
	`CREATE TABLE members (id bigserial PRIMARY KEY, mail text NOT NULL UNIQUE, pw varchar(255) NOT NULL, confirmed_at timestamptz)`, "members",
	store.Columns{ID: "id", Email: "mail", PasswordHash: "pw", VerifiedAt: "confirmed_at"},
}

// mailed is a table's store, and what happens between a mail and its link.
type mailed struct {
	*setup
	db *store.Table[store.User]
}

func newMailed(t *testing.T, of ownTable, opts ...store.Option) *mailed {
	t.Helper()
	s := newSetup(t)
	s.exec(t, of.sql)
	db, err := store.NewTable[store.User](t.Context(), s.pool, of.name, of.columns, append(opts, store.WithNow(s.clock.now), unhurried)...)
	if err != nil {
		t.Fatal(err)
	}
	return &mailed{s, db}
}

func (m *mailed) newcomer(t *testing.T) (store.User, driver.NewUser) {
	t.Helper()
	n := newUser()
	u, err := m.db.CreateUser(t.Context(), n, nil)
	if err != nil {
		t.Fatal(err)
	}
	return u, n
}

// deliver prepares the mails that are due, and returns their kinds and the token of the last one.
func (m *mailed) deliver(t *testing.T) (kinds string, token driver.Digest) {
	t.Helper()
	list, err := m.db.ClaimMail(t.Context(), 10, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	for _, mail := range list {
		lifetime := time.Duration(0)
		if slices.Contains(tokenKinds, mail.Kind) {
			token, lifetime = newDigest(), time.Hour
		}
		_, err := m.db.PrepareMail(t.Context(), mail.ID, token, lifetime)
		switch {
		case errors.Is(err, driver.ErrNoMail):
			kinds += " no " + string(mail.Kind)
		case err != nil:
			t.Fatal(err)
		default:
			kinds += " " + string(mail.Kind)
		}
		if err := m.db.SettleMail(t.Context(), mail.ID, mail.Attempt, driver.MailOutcome{}); err != nil {
			t.Fatal(err)
		}
	}
	return strings.TrimSpace(kinds), token
}

func (m *mailed) order(t *testing.T, o driver.MailOrder) {
	t.Helper()
	if err := m.db.QueueMail(t.Context(), o); err != nil {
		t.Fatal(err)
	}
}

func (m *mailed) use(t *testing.T, k driver.MailKind, token driver.Digest) (store.User, error) {
	t.Helper()
	use := driver.EmailTokenUse{Kind: k, Digest: token}
	if k == driver.MailReset {
		use.Hash = hash('r')
	}
	return m.db.UseEmailToken(t.Context(), use)
}

func (m *mailed) mails(t *testing.T, want string) {
	t.Helper()
	if got, _ := m.deliver(t); got != want {
		t.Errorf("the mails are %q, want %q", got, want)
	}
}

// What plain SQL does to a row between a mail and its link counts.
func TestLinkSeesWhatPlainSQLDidToTheRow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind driver.MailKind
		sql  string
		want error
	}{
		"reset, another address":  {driver.MailReset, `UPDATE members SET mail = 'another@example.com'`, driver.ErrNoEmailToken},
		"reset, no row":           {driver.MailReset, `DELETE FROM members`, driver.ErrNoEmailToken},
		"verify, another address": {driver.MailVerify, `UPDATE members SET mail = 'another@example.com'`, driver.ErrNoEmailToken},
		"login, another key":      {driver.MailLogin, `UPDATE members SET id = 4711`, driver.ErrNoEmailToken},
		"change, taken":           {driver.MailChange, `INSERT INTO members (mail, pw) VALUES ('moved@example.com', '')`, driver.ErrIdentifierTaken},
		"change, no row":          {driver.MailChange, `DELETE FROM members`, driver.ErrNoEmailToken},
		"reset, nothing":          {driver.MailReset, `UPDATE members SET pw = pw`, nil},
	} {
		for _, parallel := range []bool{false, true} {
			t.Run(name+map[bool]string{true: " at the same time"}[parallel], func(t *testing.T) {
				t.Parallel()
				m := newMailed(t, required)
				u, n := m.newcomer(t)
				o := driver.MailOrder{Kind: c.kind, Email: n.Email, Canonical: n.Canonical}
				if c.kind == driver.MailChange {
					o.UserID, o.Email, o.Canonical = u.ID, "moved@example.com", "moved@example.com"
				}
				m.order(t, o)
				_, token := m.deliver(t)
				if !parallel {
					m.exec(t, c.sql)
					if _, err := m.use(t, c.kind, token); !errors.Is(err, c.want) {
						t.Errorf("got %v, want %v", err, c.want)
					}
					return
				}
				// The link waits for the transaction of the app.
				tx, err := m.pool.Begin(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if _, err := tx.Exec(t.Context(), c.sql); err != nil {
					t.Fatal(err)
				}
				done := make(chan error, 1)
				go func() { _, err := m.use(t, c.kind, token); done <- err }()
				for m.count(t, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) == 0 {
					time.Sleep(time.Millisecond)
				}
				if err := tx.Commit(t.Context()); err != nil {
					t.Fatal(err)
				}
				if err := <-done; !errors.Is(err, c.want) {
					t.Errorf("got %v, want %v", err, c.want)
				}
			})
		}
	}
}

// A mail is not sent to a row that has gone or changed since it was asked for.
func TestMailSeesWhatPlainSQLDidToTheRow(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]string{"gone": `DELETE FROM members`, "another address": `UPDATE members SET mail = 'another@example.com'`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMailed(t, required)
			_, n := m.newcomer(t)
			m.order(t, driver.MailOrder{Kind: driver.MailReset, Email: n.Email, Canonical: n.Canonical})
			m.exec(t, sql)
			m.mails(t, "no reset")
		})
	}
}

// A column that is NOT NULL becomes empty where a password is taken away.
func TestPasswordThatIsTakenAwayFromARequiredColumn(t *testing.T) {
	t.Parallel()
	m := newMailed(t, required)
	u, n := m.newcomer(t)
	m.order(t, driver.MailOrder{Kind: driver.MailLogin, Email: n.Email, Canonical: n.Canonical})
	_, token := m.deliver(t)
	if got, err := m.use(t, driver.MailLogin, token); err != nil || got.VerifiedAt == nil {
		t.Fatalf("%+v, %v", got, err)
	}
	wantNone := func(when string) {
		t.Helper()
		if _, h, err := m.db.FindCredential(t.Context(), n.Canonical); err != nil || !h.IsZero() {
			t.Errorf("%s: a password is left, %v", when, err)
		}
	}
	wantNone("after the first proof by a link")
	if _, err := m.db.SetPassword(t.Context(), driver.PasswordChange{UserID: u.ID, New: hash('b')}); err != nil {
		t.Fatal("a first password:", err)
	}
	if err := m.db.ForcePasswordReset(t.Context(), u.ID); err != nil {
		t.Fatal(err)
	}
	wantNone("after a forced reset")
	if err := m.db.ForcePasswordReset(t.Context(), "4711"); !errors.Is(err, driver.ErrNoUser) {
		t.Errorf("of an unknown user: %v", err)
	}
	nobody := newUser()
	nobody.Hash = driver.NewUser{}.Hash
	if _, err := m.db.CreateUser(t.Context(), nobody, nil); err != nil {
		t.Errorf("a user without a password: %v", err)
	}
}

// Without a column for the proof, no link is a first proof, so that none takes anything away.
func TestResetWithoutAColumnForTheProof(t *testing.T) {
	t.Parallel()
	of := required
	of.columns.VerifiedAt = ""
	var first []bool
	m := newMailed(t, of, store.AfterEvent(nil), store.OnEvent(nil))
	u, n := m.newcomer(t)
	m.order(t, driver.MailOrder{Kind: driver.MailReset, Email: n.Email, Canonical: n.Canonical})
	_, token := m.deliver(t)
	if _, err := m.use(t, driver.MailReset, token); err != nil {
		t.Fatal(err)
	}
	if _, h, err := m.db.FindCredential(t.Context(), n.Canonical); err != nil || !h.Equal(hash('r')) {
		t.Errorf("the new password is not in force, %v", err)
	}
	list, err := m.db.UserEvents(t.Context(), u.ID, time.Time{}, 10)
	if err != nil || len(list) == 0 {
		t.Fatal(list, err)
	}
	for _, e := range list {
		if e.FirstProof() {
			first = append(first, true)
		}
	}
	if len(first) > 0 {
		t.Errorf("the events are %+v", list)
	}
	if _, err := m.db.CreateUserAndMail(t.Context(), newUser(), nil, ""); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a sign-up that waits for the proof: %v", err)
	}
	if _, err := store.NewTable[store.User](t.Context(), m.pool, of.name, of.columns, store.WithMail()); err == nil || !strings.Contains(err.Error(), "Columns.VerifiedAt") {
		t.Errorf("WithMail: %v", err)
	}
}

// Mails go to those who have an address that can get one.
func TestNoticesOfATable(t *testing.T) {
	t.Parallel()
	m := newMailed(t, ownTables["text"], store.WithMail())
	u, _ := m.newcomer(t)
	m.mails(t, "verify")
	happen := func() {
		t.Helper()
		_, h, err := m.db.FindCredential(t.Context(), strings.ToLower(u.Email))
		if err != nil {
			t.Fatal(err)
		}
		browser := sessionOf(u.ID)
		browser.NewBrowser, browser.Credential = true, h
		if _, err := m.db.CreateSession(t.Context(), browser); err != nil {
			t.Fatal(err)
		}
		token := refresh.New()
		if _, err := m.db.CreateRefreshFamily(t.Context(), familyOf(u.ID, token)); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			next, seal := token.Next()
			_, _ = m.db.RotateRefreshToken(t.Context(), driver.RefreshRotation{Key: token.Key(), Next: next.Key().Digest, Seal: seal})
			m.clock.add(time.Second)
		}
		if _, err := m.db.SetPassword(t.Context(), driver.PasswordChange{UserID: u.ID, Old: h, New: hash('b')}); err != nil {
			t.Fatal(err)
		}
	}
	m.exec(t, `INSERT INTO ginauth.known_devices (key, user_id, epoch, expires_at, last_used_at) SELECT uuid_send(id), id, session_epoch, now() + interval '1 year', now() FROM ginauth.users`)
	happen()
	m.mails(t, "") // the address is not proved
	m.exec(t, `UPDATE app.people SET proved = TRUE`)
	happen()
	m.mails(t, "device reuse password")
	m.exec(t, `UPDATE app.people SET mail = repeat('a', 300) || '@example.com'`)
	m.exec(t, `UPDATE app.people SET mail = NULL, login = 'ada'`)
	m.order(t, driver.MailOrder{Kind: driver.MailReset, Email: "ada", Canonical: "ada"})
	m.mails(t, "no reset")
}

// A store sends only the mails that are its own.
func TestStoresOfOneDatabaseShareNoMails(t *testing.T) {
	t.Parallel()
	m := newMailed(t, required)
	_, n := m.newcomer(t)
	if _, err := m.setup.db.CreateUser(t.Context(), n, nil); err != nil { // the same address
		t.Fatal(err)
	}
	o := driver.MailOrder{Kind: driver.MailReset, Email: n.Email, Canonical: n.Canonical}
	m.order(t, o)
	for range 2 {
		if err := m.setup.db.QueueMail(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	list, err := m.setup.db.ClaimMail(t.Context(), 10, time.Minute)
	if err != nil || len(list) != 1 {
		t.Fatalf("the store of our users has %+v, %v", list, err)
	}
	token := newDigest()
	if to, err := m.setup.db.PrepareMail(t.Context(), list[0].ID, token, time.Hour); err != nil || to.Email != n.Email {
		t.Errorf("its mail goes to %+v, %v", to, err)
	}
	if _, err := m.use(t, driver.MailReset, token); !errors.Is(err, driver.ErrNoEmailToken) {
		t.Errorf("a link of the other store: %v", err)
	}
	m.mails(t, "reset")
}

// A password that waits for the proof, or has to change, outlives the sweeper.
func TestSweeperKeepsWhatAShadowRowSaysOfThePassword(t *testing.T) {
	t.Parallel()
	m := newMailed(t, required)
	n, must := newUser(), newUser()
	if created, err := m.db.CreateUserAndMail(t.Context(), n, nil, ""); err != nil || !created {
		t.Fatal(created, err)
	}
	old, err := m.db.CreateUser(t.Context(), must, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.db.RequirePasswordChange(t.Context(), old.ID); err != nil {
		t.Fatal(err)
	}
	_, token := m.deliver(t)
	for range 3 {
		m.clock.add(40 * 24 * time.Hour)
		if _, err := m.db.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, h, err := m.db.FindCredential(t.Context(), n.Canonical); err != nil || !h.IsZero() {
		t.Errorf("the password of an address that nobody proved is in force, %v", err)
	}
	if u, _, err := m.db.FindCredential(t.Context(), must.Canonical); err != nil || !u.MustChangePassword {
		t.Errorf("the user may keep the password: %+v, %v", u, err)
	}
	if _, err := m.use(t, driver.MailVerify, token); !errors.Is(err, driver.ErrNoEmailToken) {
		t.Errorf("the old link: %v", err)
	}
	m.order(t, driver.MailOrder{Kind: driver.MailVerify, Email: n.Email, Canonical: n.Canonical})
	_, token = m.deliver(t)
	if _, err := m.use(t, driver.MailVerify, token); err != nil {
		t.Fatal(err)
	}
	if _, h, err := m.db.FindCredential(t.Context(), n.Canonical); err != nil || !h.Equal(n.Hash) {
		t.Errorf("the password is not in force, %v", err)
	}
}

// The row that must give an address up has none then, or one that no mail reaches.
func TestRowThatGivesItsAddressUp(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		of   ownTable
		want string
	}{"required": {required, `mail LIKE '%@released.invalid'`}, "may be null": {ownTables["text"], `mail IS NULL`}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMailed(t, c.of)
			u, n := m.newcomer(t)
			m.order(t, driver.MailOrder{Kind: driver.MailVerify, Email: n.Email, Canonical: n.Canonical})
			_, token := m.deliver(t)
			if _, err := m.use(t, driver.MailVerify, token); err != nil {
				t.Fatal(err)
			}
			m.order(t, driver.MailOrder{Kind: driver.MailChange, UserID: u.ID, Email: "thief@example.com", Canonical: "thief@example.com"})
			_, token = m.deliver(t)
			if _, err := m.use(t, driver.MailChange, token); err != nil {
				t.Fatal(err)
			}
			_, back := m.deliver(t)
			squatter, err := m.db.CreateUser(t.Context(), n, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := m.use(t, driver.MailUndo, back); err != nil || !strings.EqualFold(got.Email, n.Canonical) {
				t.Fatalf("%+v, %v", got, err)
			}
			if m.count(t, `SELECT count(*) FROM `+c.of.name+` WHERE `+c.want) != 1 {
				t.Error("the other row has an address")
			}
			if got, err := m.db.FindUser(t.Context(), squatter.ID); err != nil || !got.Account().Disabled {
				t.Errorf("its user: %+v, %v", got, err)
			}
		})
	}
}

// A sign-up is refused alike for a free address and a taken one, by the app's own rules for addresses.
func TestSignUpByMailAsksTheRulesOfTheTable(t *testing.T) {
	t.Parallel()
	m := newMailed(t, ownTable{
		`CREATE TABLE members (id bigserial PRIMARY KEY, mail varchar(254) NOT NULL UNIQUE CHECK (mail ~ '^[a-z0-9.]+@example\.com$'), pw text, ok boolean)`, "members",
		store.Columns{ID: "id", Email: "mail", PasswordHash: "pw", VerifiedAt: "ok"},
	})
	n := newUser()
	n.Email, n.Canonical = "ada@example.com", "ada@example.com"
	for _, want := range []bool{true, false} {
		if created, err := m.db.CreateUserAndMail(t.Context(), n, nil, ""); err != nil || created != want {
			t.Errorf("created %v, %v, want %v", created, err, want)
		}
	}
	m.mails(t, "verify taken")
	if rows := m.count(t, `SELECT count(*) FROM members`); rows != 1 {
		t.Errorf("there are %d rows", rows)
	}
	if u, err := m.db.FindUserByEmail(t.Context(), "ADA@example.com"); err != nil || u.Email != n.Canonical {
		t.Errorf("%+v, %v", u, err)
	}
	err := pgx.BeginFunc(t.Context(), m.pool, func(tx pgx.Tx) error { // part of a transaction of the app
		db, err := store.NewTable[store.User](t.Context(), tx, "members", store.Columns{ID: "id", Email: "mail", PasswordHash: "pw", VerifiedAt: "ok"})
		if err != nil {
			return err
		}
		return db.QueueMail(t.Context(), driver.MailOrder{Kind: driver.MailReset, Email: n.Email, Canonical: n.Canonical})
	})
	if err != nil {
		t.Error(err)
	}
	m.mails(t, "reset")
}
