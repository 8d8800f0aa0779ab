package store_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
	"github.com/ginauth/ginauth/store"
)

const importedHash = "$2y$04$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

// imported is a row with an address and a hash.
func imported(email string) store.ImportedUser[store.User] {
	return store.ImportedUser[store.User]{User: store.User{Email: email, Name: "Ann"}, PasswordHash: importedHash}
}

// each yields rows without an error.
func each[U any](rows ...store.ImportedUser[U]) iter.Seq2[store.ImportedUser[U], error] {
	return func(yield func(store.ImportedUser[U], error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// many yields n rows with addresses of their own.
func many(n int) iter.Seq2[store.ImportedUser[store.User], error] {
	return func(yield func(store.ImportedUser[store.User], error) bool) {
		for i := range n {
			if !yield(imported(fmt.Sprintf("user.%d@example.com", i)), nil) {
				return
			}
		}
	}
}

func (s *setup) imports(t *testing.T, db *store.DB[store.User], o store.ImportOptions, rows ...store.ImportedUser[store.User]) store.ImportReport {
	t.Helper()
	report, err := db.ImportUsers(t.Context(), each(rows...), o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// codes are the sources and codes of what was refused.
func codes(r store.ImportReport) (list []string) {
	for _, refused := range r.Refused {
		list = append(list, refused.Source+" "+refused.Code)
	}
	return list
}

func TestImportedUsersAreAsTheyWere(t *testing.T) {
	t.Parallel()
	inEveryMode(t, func(t *testing.T, s *setup) { //nolint:thelper // the test itself
		at := func(day int) *time.Time {
			when := time.Date(2019, time.May, day, 1, 2, 3, 4000, time.UTC)
			return &when
		}
		address := newUser()
		full := imported(" " + address.Email + "\t")
		full.User.Name, full.User.CreatedAt, full.User.VerifiedAt, full.User.DisabledAt = " Ann Lee ", *at(1), at(2), at(3)
		full.User.ID, full.User.UpdatedAt = driver.UserID(strings.ToUpper(uuid.NewString())), *at(4)
		bare := store.ImportedUser[store.User]{User: store.User{Email: newUser().Email}}
		timeless := imported(newUser().Email)
		timeless.Verified, timeless.Disabled = true, true
		report := s.imports(t, s.db, store.ImportOptions{}, full, bare, timeless)
		if diff := cmp.Diff(store.ImportReport{Rows: 3, Created: 3}, report); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
		now := s.clock.now()
		want := store.User{ID: driver.UserID(strings.ToLower(string(full.User.ID))), Email: address.Email, Name: "Ann Lee", VerifiedAt: at(2), DisabledAt: at(3), CreatedAt: *at(1), UpdatedAt: now}
		got, hash, err := s.db.FindCredential(t.Context(), address.Canonical)
		if diff := cmp.Diff(want, got); diff != "" || err != nil || hash.Reveal() != importedHash {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		got, hash, err = s.db.FindCredential(t.Context(), strings.ToLower(bare.User.Email))
		if want := (store.User{ID: got.ID, Email: bare.User.Email, CreatedAt: now, UpdatedAt: now}); !cmp.Equal(want, got) || err != nil || !hash.IsZero() {
			t.Errorf("%v: %+v", err, got)
		}
		got, _, err = s.db.FindCredential(t.Context(), strings.ToLower(timeless.User.Email))
		if err != nil || got.VerifiedAt == nil || !got.VerifiedAt.Equal(now) || got.DisabledAt == nil || !got.DisabledAt.Equal(now) {
			t.Errorf("%v: %+v", err, got)
		}
		events, err := s.db.UserEvents(t.Context(), got.ID, time.Time{}, 5)
		if err != nil || len(events) != 1 || events[0].Kind != driver.UserCreated || events[0].Detail["actor"] != "operator" || events[0].Detail["import"] == "" {
			t.Errorf("%v: %+v", err, events)
		}
	})
}

func TestImportingTwiceIsImportingOnce(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	a, b := imported("A@example.com"), imported("b@example.com")
	a.Verified = true // at a time that is another one at each import
	s.imports(t, s.db, store.ImportOptions{}, a, b)
	u, err := s.db.FindUserByEmail(t.Context(), "b@example.com")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.db.ReplaceHash(t.Context(), u.ID, mustParse(t, importedHash), hash('b')); err != nil { // b has logged in since
		t.Fatal(err)
	}
	s.clock.add(time.Hour)
	rows := func() string {
		var all string
		if err := s.pool.QueryRow(t.Context(), `SELECT string_agg(u::text, E'\n' ORDER BY u.id) FROM ginauth.users AS u`).Scan(&all); err != nil {
			t.Fatal(err)
		}
		return all
	}
	before := rows()
	for _, o := range []store.ImportOptions{{}, {DryRun: true}} {
		if diff := cmp.Diff(store.ImportReport{Rows: 2, Present: 2}, s.imports(t, s.db, o, a, b)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	for what, other := range map[string]func(*store.ImportedUser[store.User]){
		"name":     func(r *store.ImportedUser[store.User]) { r.User.Name = "Bob" },
		"hash":     func(r *store.ImportedUser[store.User]) { r.PasswordHash = "" },
		"spelling": func(r *store.ImportedUser[store.User]) { r.User.Email = "a@Example.com" },
		"id":       func(r *store.ImportedUser[store.User]) { r.User.ID = driver.UserID(uuid.NewString()) },
		"verified": func(r *store.ImportedUser[store.User]) { r.Verified = false },
		"disabled": func(r *store.ImportedUser[store.User]) { r.Disabled = true },
		"created":  func(r *store.ImportedUser[store.User]) { r.User.CreatedAt = s.clock.now() },
	} {
		changed := a
		other(&changed)
		if diff := cmp.Diff([]string{"row 1 conflict"}, codes(s.imports(t, s.db, store.ImportOptions{}, changed))); diff != "" || rows() != before {
			t.Errorf("another %s (-want +got):\n%s\n%s", what, diff, rows())
		}
	}
}

// A user whose id was kept may have another address by now, and somebody else the one of before.
func TestImportKnowsUsersByTheIDsThatTheyKept(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	a, b := imported("a@example.com"), imported("b@example.com")
	a.User.ID, b.User.ID = driver.UserID(uuid.NewString()), driver.UserID(uuid.NewString())
	s.imports(t, s.db, store.ImportOptions{}, a, b)
	s.exec(t, `UPDATE ginauth.users SET email = 'c@example.com', email_canonical = 'c@example.com' WHERE id = $1`, string(a.User.ID))
	s.exec(t, `UPDATE ginauth.users SET email = 'a@example.com', email_canonical = 'a@example.com' WHERE id = $1`, string(b.User.ID))
	if diff := cmp.Diff(store.ImportReport{Rows: 2, Present: 2}, s.imports(t, s.db, store.ImportOptions{}, a, b)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestUsersAreImportedIntoARealm(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	db := store.New[store.User](s.pool, store.WithNow(s.clock.now))
	rows := []store.ImportedUser[store.User]{{User: store.User{Email: "ada@example.com"}}, {User: store.User{Email: "bob@example.com", ID: "0190b0e2-6c1c-7f3a-9d1e-1f0f3c2a7b55"}}}
	each := func(yield func(store.ImportedUser[store.User], error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}
	ids := map[string]driver.UserID{}
	for _, realm := range []string{"", "acme", "acme"} {
		r, err := db.ImportUsers(driver.WithRealm(t.Context(), realm), each, store.ImportOptions{})
		_, again := ids[realm]
		refused := realm == "acme" // Bob's id has a user already
		if err != nil || r.Present == 1 != again || len(r.Refused) == 1 != refused || r.Created+r.Present+len(r.Refused) != len(rows) {
			t.Errorf("into %q: %+v, %v", realm, r, err)
		}
		u, err := db.FindUserByEmail(driver.WithRealm(t.Context(), realm), "ada@example.com")
		if err != nil {
			t.Fatalf("in %q: %v", realm, err)
		}
		ids[realm] = u.ID
	}
	if ids[""] == ids["acme"] {
		t.Error("both realms have the same user")
	}
}

func TestImportIsPartOfTheCallersTransaction(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	undo := errors.New("undo")
	err := pgx.BeginFunc(t.Context(), s.pool, func(tx pgx.Tx) error {
		report, err := store.New[store.User](tx, unhurried).ImportUsers(t.Context(), many(1500), store.ImportOptions{})
		if err != nil || report.Created != 1500 {
			t.Errorf("%v: %+v", err, report)
		}
		return undo
	})
	if err != undo || s.count(t, `SELECT count(*) FROM ginauth.users`) != 0 { //nolint:errorlint // as it is
		t.Errorf("%v", err)
	}
}

func TestEveryRowIsInOrInTheReport(t *testing.T) { // SEC-19
	t.Parallel()
	s := newSetup(t)
	there := s.user(t)
	with := func(edit func(*store.ImportedUser[store.User])) store.ImportedUser[store.User] {
		r := imported(newUser().Email)
		edit(&r)
		return r
	}
	hashed := func(h string) store.ImportedUser[store.User] {
		return with(func(r *store.ImportedUser[store.User]) { r.PasswordHash = h })
	}
	named := func(n string) store.ImportedUser[store.User] {
		return with(func(r *store.ImportedUser[store.User]) { r.User.Name = n })
	}
	late := time.Date(10000, time.January, 1, 0, 0, 0, 0, time.UTC)
	cases := []struct {
		row  store.ImportedUser[store.User]
		want string
	}{
		{imported("ada@example.com"), ""},
		{imported("Ada@Example.com"), "duplicate"},
		{imported(""), "no_address"},
		{imported("jürgen@example.com"), "invalid_address"},
		{imported("nobody"), "invalid_address"},
		{imported("a\x00@example.com"), "invalid_text"},
		{imported("a\xff@example.com"), "invalid_text"},
		{imported(there.Email), "conflict"},
		{hashed("5f4dcc3b5aa765d61d8327deb882cf99"), "weak_hash"},
		{hashed("*5f4dcc3b5aa765d61d8327deb882cf99aaaaaaaa"), "weak_hash"},
		{hashed("$1$abcdefgh$abcdefghijklmnopqrstuv"), "unknown_hash"},
		{hashed("hunter2"), "unknown_hash"},
		{hashed("correct horse battery staple"), "unknown_hash"},
		{hashed("correct-horse-battery-staple"), "unknown_hash"},
		{hashed("pbkdf2_sha256$1000$c2FsdHNhbHQ$" + strings.Repeat("A", 43) + "="), "unknown_hash"},
		{hashed("!ZGqYnBPJsKQDnFWlUzbyRFJXbSvGZbDqVOhsTkCP"), ""},
		{hashed("$2b$31$" + strings.Repeat("a", 53)), "unknown_hash"},
		{hashed(""), ""},
		{named(strings.Repeat("ü", 200)), ""},
		{named(strings.Repeat("u", 201)), "invalid_name"},
		{named("a\nb"), "invalid_name"},
		{named("a\u202eb"), "invalid_name"},
		{with(func(r *store.ImportedUser[store.User]) { r.User.ID = "42" }), "invalid_id"},
		{with(func(r *store.ImportedUser[store.User]) { r.User.ID = "00000000-0000-0000-0000-000000000000" }), "invalid_id"},
		{with(func(r *store.ImportedUser[store.User]) { r.User.ID = "0190163d-8694-839b-aea5-966c26f8ad90" }), "invalid_id"},
		{with(func(r *store.ImportedUser[store.User]) { r.User.ID = there.ID }), "conflict"},
		{with(func(r *store.ImportedUser[store.User]) { r.User.CreatedAt = late }), "invalid_time"},
	}
	var rows []store.ImportedUser[store.User]
	var want []string
	for i, c := range cases {
		rows = append(rows, c.row)
		if c.want != "" {
			want = append(want, fmt.Sprintf("row %d %s", i+1, c.want))
		}
	}
	dry := s.imports(t, s.db, store.ImportOptions{DryRun: true}, rows...)
	if n := s.count(t, `SELECT count(*) FROM ginauth.users`); n != 1 {
		t.Errorf("a dry run leaves %d users", n)
	}
	report := s.imports(t, s.db, store.ImportOptions{}, rows...)
	if diff := cmp.Diff(want, codes(report)); diff != "" || report.Created != len(cases)-len(want) || report.Rows != len(cases) {
		t.Errorf("%d created (-want +got):\n%s", report.Created, diff)
	}
	if diff := cmp.Diff(report, dry); diff != "" {
		t.Errorf("a dry run says another thing (-run +dry):\n%s", diff)
	}
	if n := s.count(t, `SELECT count(*) FROM ginauth.users`); n != report.Created+1 {
		t.Errorf("there are %d users", n)
	}
	for _, refused := range report.Refused {
		for _, secret := range []string{"5f4dcc3b", "hunter2", "abcdefgh", "$2b"} {
			if strings.Contains(refused.Error(), secret) {
				t.Errorf("the report has a hash: %s", refused.Error())
			}
		}
	}
}

func TestImportFillsColumnsOfTheAppsOwn(t *testing.T) {
	t.Parallel()
	s, db := newCustomers(t)
	s.exec(t, `ALTER TABLE ginauth.users ADD CONSTRAINT seats CHECK (seat_count < 100), ADD UNIQUE (vat_number, plan)`)
	row := func(email string, edit func(*customer)) store.ImportedUser[customer] {
		c := customer{User: store.User{Email: email}}
		c.VATNumber = email
		edit(&c)
		return store.ImportedUser[customer]{User: c}
	}
	ends := s.clock.now().Add(time.Hour)
	rows := []store.ImportedUser[customer]{
		row("a@example.com", func(c *customer) {
			c.Plan, c.Seats, c.Tags, c.TrialEnds, c.Address.City = "gold", 12, []string{"x", `y"; --`}, &ends, "Köln"
		}),
		row("b@example.com", func(*customer) {}),
		row("c@example.com", func(c *customer) { c.Seats = 100 }),
		row("d@example.com", func(c *customer) { c.VATNumber = "b@example.com" }),
		row("e@example.com", func(*customer) {}),
	}
	report, err := db.ImportUsers(t.Context(), each(rows...), store.ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want := store.ImportReport{Rows: 5, Created: 3, Refused: []store.ImportRefusal{
		{Source: "row 3", Code: "constraint", Reason: `new row for relation "users" violates check constraint "seats"`},
		{Source: "row 4", Code: "conflict", Reason: "a unique index of the app's own has a row with one of the values"},
	}}
	if diff := cmp.Diff(want, report); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	a, err := db.FindUserByEmail(t.Context(), "a@example.com")
	if err != nil || a.Plan != "gold" || a.Seats != 12 || !cmp.Equal(a.Tags, rows[0].User.Tags) || a.TrialEnds == nil || a.Address.City != "Köln" {
		t.Errorf("%v: %+v", err, a)
	}
	b, err := db.FindUserByEmail(t.Context(), "b@example.com")
	if err != nil || b.Plan != "free" || b.Seats != 3 || b.Address.City != "unknown" {
		t.Errorf("%v: %+v", err, b)
	}
	again, err := db.ImportUsers(t.Context(), each(rows...), store.ImportOptions{})
	want.Created, want.Present = 0, 3
	if diff := cmp.Diff(want, again); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// A hundred rows of a thousand are refused by the database, one by one.
func TestOneRowDoesNotKeepOthersOut(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	s.exec(t, `ALTER TABLE ginauth.users ADD CHECK (email NOT LIKE '%5@example.com')`)
	report, err := s.db.ImportUsers(t.Context(), many(1500), store.ImportOptions{})
	if err != nil || report.Created != 1350 || len(report.Refused) != 150 || s.count(t, `SELECT count(*) FROM ginauth.users`) != 1350 {
		t.Errorf("%v: %d created, %d refused", err, report.Created, len(report.Refused))
	}
	for i, refused := range report.Refused {
		if want := fmt.Sprintf("row %d", 10*i+6); refused.Source != want || refused.Code != "constraint" {
			t.Fatalf("%s, want %s", refused.Error(), want)
		}
	}
}

func TestImportSendsNoMailAndCallsNoHook(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	var called []string
	db := store.New[store.User](s.pool, store.WithNow(s.clock.now), unhurried, store.WithMail(),
		store.AfterCreate(func(_ context.Context, _ pgx.Tx, u store.User) error {
			called = append(called, "AfterCreate "+u.Email)
			return nil
		}),
		store.OnEvent(func(_ context.Context, _ pgx.Tx, e driver.Event) error {
			called = append(called, "OnEvent "+string(e.Kind))
			return nil
		}),
		store.AfterEvent(func(_ context.Context, e driver.Event) { called = append(called, "AfterEvent "+string(e.Kind)) }))
	s.imports(t, db, store.ImportOptions{}, imported("a@example.com"))
	if n := s.count(t, `SELECT count(*) FROM ginauth.outbox`); n != 0 || len(called) != 0 {
		t.Errorf("%d mails, called %v", n, called)
	}
	verified, disabled := imported("v@example.com"), imported("d@example.com")
	verified.Verified, disabled.Disabled = true, true
	s.imports(t, db, store.ImportOptions{Hooks: true, Mail: true}, imported("a@example.com"), imported("b@example.com"), verified, disabled)
	want := []string{
		"AfterCreate b@example.com", "AfterCreate v@example.com", "AfterCreate d@example.com",
		"OnEvent user_created", "OnEvent user_created", "OnEvent user_created",
		"AfterEvent user_created", "AfterEvent user_created", "AfterEvent user_created",
	}
	if diff := cmp.Diff(want, called); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if n := s.count(t, `SELECT count(*) FROM ginauth.outbox WHERE kind = 'verify' AND email = 'b@example.com'`); n != 1 || s.count(t, `SELECT count(*) FROM ginauth.outbox`) != 1 {
		t.Errorf("%d mails to b", n)
	}
}

func TestAHookThatFailsUndoesTheBatch(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	errHook := errors.New("no")
	db := store.New[store.User](s.pool, unhurried, store.AfterCreate(func(_ context.Context, _ pgx.Tx, u store.User) error {
		if u.Email == "b@example.com" {
			return errHook
		}
		return nil
	}))
	report, err := db.ImportUsers(t.Context(), each(imported("a@example.com"), imported("b@example.com")), store.ImportOptions{Hooks: true})
	if err != errHook || report.Created != 0 || s.count(t, `SELECT count(*) FROM ginauth.users`) != 0 { //nolint:errorlint // as it is
		t.Errorf("%v: %+v", err, report)
	}
}

// An interruption completes the batch that is being written, and the next run does the rest.
func TestInterruptedImportEndsBetweenBatchesAndGoesOn(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	report, err := s.db.ImportUsers(ctx, func(yield func(store.ImportedUser[store.User], error) bool) {
		for r, err := range many(5000) {
			if n++; n == 2500 {
				cancel()
			}
			if !yield(r, err) {
				return
			}
		}
	}, store.ImportOptions{})
	if !errors.Is(err, context.Canceled) || report.Created != 2000 || s.count(t, `SELECT count(*) FROM ginauth.users`) != 2000 {
		t.Errorf("%v: %+v", err, report)
	}
	report, err = s.db.ImportUsers(t.Context(), many(5000), store.ImportOptions{})
	if err != nil || report.Present != 2000 || report.Created != 3000 || s.count(t, `SELECT count(*) FROM ginauth.events`) != 5000 {
		t.Errorf("%v: %+v", err, report)
	}
}

func TestInterruptedBatchIsCompleted(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	ctx, cancel := context.WithCancel(t.Context())
	db := store.New[store.User](s.pool, unhurried, store.AfterCreate(func(context.Context, pgx.Tx, store.User) error { cancel(); return nil }))
	report, err := db.ImportUsers(ctx, many(1500), store.ImportOptions{Hooks: true})
	if !errors.Is(err, context.Canceled) || report.Created != 1000 || s.count(t, `SELECT count(*) FROM ginauth.users`) != 1000 {
		t.Errorf("%v: %+v", err, report)
	}
}

func TestFaultOfTheReaderEndsTheImport(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	broken := errors.New("broken")
	report, err := s.db.ImportUsers(t.Context(), func(yield func(store.ImportedUser[store.User], error) bool) {
		_ = yield(imported("a@example.com"), nil) &&
			yield(store.ImportedUser[store.User]{}, &store.ImportRefusal{Source: "line 3", Code: "unreadable", Reason: "x"}) &&
			yield(store.ImportedUser[store.User]{}, broken) && yield(imported("b@example.com"), nil)
	}, store.ImportOptions{})
	if !errors.Is(err, broken) || report.Created != 1 || !cmp.Equal(codes(report), []string{"line 3 unreadable"}) {
		t.Errorf("%v: %+v", err, report)
	}
}

// Two imports of the same rows at the same time store each user once.
func TestImportsRunAtTheSameTime(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	reports := make([]store.ImportReport, 3)
	for _, err := range together(len(reports), func(ctx context.Context, i int) (err error) {
		reports[i], err = s.db.ImportUsers(ctx, many(3000), store.ImportOptions{})
		return err
	}) {
		if err != nil {
			t.Error(err)
		}
	}
	created, present := 0, 0
	for _, r := range reports {
		created, present = created+r.Created, present+r.Present
	}
	if created != 3000 || present != 6000 || s.count(t, `SELECT count(*) FROM ginauth.users`) != 3000 {
		t.Errorf("%d created, %d present: %+v", created, present, reports)
	}
}

func mustParse(t *testing.T, s string) password.Hash {
	t.Helper()
	h, err := password.ParseHash(s)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// The backend is killed before or after each statement. A batch is in or not, and the same rows again bring it in.
func TestACrashedImportGoesOn(t *testing.T) { // SEC-152, SEC-154
	t.Parallel()
	rows := each(imported(newUser().Email), imported("nobody"), imported(newUser().Email))
	for name, o := range map[string]store.ImportOptions{"plain": {}, "with hooks and mails": {Hooks: true, Mail: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMortal(t)
			m.again = true
			m.diesAtEveryMoment(t, func(ctx context.Context, db *store.DB[store.User], _ driver.UserID, _ driver.Session) error {
				report, err := db.ImportUsers(ctx, rows, o)
				if err == nil && (report.Rows != 3 || report.Created+report.Present != 2) {
					t.Errorf("%+v", report)
				}
				return err
			})
		})
	}
}

func TestUsersWithUsernamesAreImported(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	named := func(email, username string) store.ImportedUser[store.User] {
		r := imported(email)
		r.User.Username = &username
		return r
	}
	rows := []store.ImportedUser[store.User]{
		named("", " Ada "), named("bob@example.com", "Bob"), named("", "\uff21da"), named("", "a b"), named("", "c@example.com"), named("", " "),
		named("BOB@example.com", "carl"), named("", "dan\x00"), imported("eve@example.com"),
	}
	want := []string{
		"row 3 duplicate", "row 4 invalid_username", "row 5 invalid_username", "row 6 no_address", "row 7 duplicate", "row 8 invalid_text",
	}
	for _, created := range []int{3, 0} {
		report := s.imports(t, s.db, store.ImportOptions{Mail: true}, rows...)
		if diff := cmp.Diff(want, codes(report)); diff != "" || report.Created != created || report.Present != 3-created {
			t.Errorf("%+v\n%s", report, diff)
		}
	}
	if n := s.count(t, `SELECT count(*) FROM ginauth.outbox`); n != 2 {
		t.Errorf("%d mails, want one for each of two addresses", n)
	}
	u, h, err := s.db.FindCredential(t.Context(), "ada")
	if err != nil || u.Email != "" || u.Username == nil || *u.Username != "Ada" || h.Reveal() != importedHash {
		t.Errorf("%+v, %v", u, err)
	}
	if found, err := s.db.FindUserByUsername(t.Context(), "ADA"); err != nil || found.ID != u.ID {
		t.Errorf("%+v, %v", found, err)
	}
	taken := s.imports(t, s.db, store.ImportOptions{}, named("fay@example.com", "ADA"), named("", "BOB"))
	if diff := cmp.Diff([]string{"row 1 conflict", "row 2 conflict"}, codes(taken)); diff != "" || !strings.Contains(taken.Refused[0].Reason, "username") {
		t.Errorf("%+v\n%s", taken, diff)
	}
}
