package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
)

const someHash = "$2y$04$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// importing runs the command and returns what it says and its exit code.
func importing(t *testing.T, url, in string, args ...string) (said string, code int) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), append([]string{"user", "import"}, args...), url, strings.NewReader(in), &out)
	if err != nil && exitCode(err) != exitRefused {
		out.WriteString(err.Error())
	}
	return out.String(), exitCode(err)
}

func userWith(t *testing.T, db *store.DB[store.User], email string) store.User {
	t.Helper()
	u, err := db.FindUserByEmail(t.Context(), email)
	if err != nil {
		t.Fatalf("%s: %v", email, err)
	}
	return u
}

func TestUsersAreImportedFromCSV(t *testing.T) {
	t.Parallel()
	url, db := newStore(t)
	file := writeFile(t, "users.csv", "\xef\xbb\xbfmail,id,full_name,password_hash,created_at,deleted_at,is_active,confirmed,bio\r\n"+
		"Ada@example.com,7,\"Ada\r\nLovelace\",,,,,,\r\n"+
		"ada@example.com,8,\"Ada \"\"A\"\" Lovelace\","+someHash+",2019-05-01 01:02:03.4+02,,true,1,\"a\nb\"\r\n"+
		"eve@example.com,9,Eve,,2019-05-01,2020-01-02 03:04:05,f,no,\r\n"+
		"mallory@example.com,10,Mallory,,yesterday,,,,\r\n"+
		"jürgen@example.com,11,Jürgen,,,,,,\r\n")
	args := []string{"-map", "mail=email", "-map", "id=-", "-map", "full_name=name", "-map", "deleted_at=disabled_at", "-map", "is_active=active", "-map", "confirmed=verified", "-map", "bio=-", file}
	said, code := importing(t, url, "", append([]string{"-dry-run"}, args...)...)
	if !strings.HasSuffix(said, "5 rows: 2 users would be created, 0 there already, 3 refused\n") || code != exitRefused {
		t.Errorf("exit code %d: %s", code, said)
	}
	said, code = importing(t, url, "", args...)
	want := "line 2: invalid_name: the name has characters that break lines or turn the direction of text\n" +
		"line 7: invalid_time: created_at is no time: write it as 2006-01-02T15:04:05Z, or leave it empty\n" +
		"line 8: invalid_address: the address is none that an account can have: it must be ASCII, with a host name of two or more labels\n" +
		"5 rows: 2 users created, 0 there already, 3 refused\n"
	if diff := cmp.Diff(want, said); diff != "" || code != exitRefused {
		t.Errorf("exit code %d (-want +got):\n%s", code, diff)
	}
	ada, eve := userWith(t, db, "ada@example.com"), userWith(t, db, "eve@example.com")
	if ada.Name != `Ada "A" Lovelace` || ada.VerifiedAt == nil || ada.DisabledAt != nil || !ada.CreatedAt.Equal(time.Date(2019, 4, 30, 23, 2, 3, 4e8, time.UTC)) {
		t.Errorf("%+v", ada)
	}
	if eve.VerifiedAt != nil || eve.DisabledAt == nil || !eve.DisabledAt.Equal(time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)) {
		t.Errorf("%+v", eve)
	}
	if said, code = importing(t, url, "", args...); !strings.HasSuffix(said, "5 rows: 0 users created, 2 there already, 3 refused\n") || code != exitRefused {
		t.Errorf("exit code %d: %s", code, said)
	}
}

func TestUsersAreImportedIntoARealm(t *testing.T) {
	t.Parallel()
	url, db := newStore(t)
	file := writeFile(t, "users.csv", "email\nada@example.com\n")
	for range 2 {
		for realm, ctx := range map[string]context.Context{"": t.Context(), "acme": driver.WithRealm(t.Context(), "acme")} {
			if said, code := importing(t, url, "", "-realm", realm, file); code != 0 {
				t.Errorf("exit code %d: %s", code, said)
			}
			if _, err := db.FindUserByEmail(ctx, "ada@example.com"); err != nil {
				t.Errorf("in %q: %v", realm, err)
			}
		}
	}
	if said, code := importing(t, url, "", "-realm", " acme", file); code != exitUsage {
		t.Errorf("exit code %d: %s", code, said)
	}
}

func TestUsersAreImportedFromJSONLines(t *testing.T) {
	t.Parallel()
	url, db := newStore(t)
	in := `{"email":"ada@example.com","name":"Ada","verified":true,"created_at":"2019-05-01T01:02:03Z","password_hash":"` + someHash + `"}` + "\n" +
		`{"email":"eve@example.com","plan":"gold"}` + "\n"
	said, code := importing(t, url, in, "-json", "-format", "jsonl", "-")
	var got store.ImportReport
	if err := json.Unmarshal([]byte(said), &got); err != nil || code != exitRefused {
		t.Fatalf("exit code %d: %s: %v", code, said, err)
	}
	want := store.ImportReport{Rows: 2, Created: 1, Refused: []store.ImportRefusal{
		{Source: "line 2", Code: "unknown_field", Reason: "unknown field: plan; say which field each is, or leave it out"},
	}}
	if diff := cmp.Diff(want, got); diff != "" || userWith(t, db, "ada@example.com").VerifiedAt == nil {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if said, code := importing(t, url, `{"email":"ann@example.com"}`, "-json", "-format", "jsonl", "-"); code != 0 || said != `{"rows":1,"created":1,"present":0,"refused":[]}`+"\n" {
		t.Errorf("exit code %d: %s", code, said)
	}
}

func TestHashesOfOtherSystemsAreTakenWhereTheCommandSaysSo(t *testing.T) {
	t.Parallel()
	url, _ := newStore(t)
	const in = "email,password_hash\nada@example.com,pbkdf2_sha256$1000$sixteenbytesok01$IzN8Yr9dtuO88EEg03pWpvk9GAjJiUcfgcRCGsrjxTk=\n"
	for _, c := range []struct{ kinds, want string }{
		{"phpass,aspnet", "0 users created, 0 there already, 1 refused\n"},
		{"passlib,django", "1 users created, 0 there already, 0 refused\n"},
	} {
		if said, _ := importing(t, url, in, "-hashes", c.kinds, "-format", "csv", "-"); !strings.HasSuffix(said, c.want) {
			t.Errorf("%s: %s", c.kinds, said)
		}
	}
}

func TestUsersAreImportedFromATable(t *testing.T) {
	t.Parallel()
	url, db := newStore(t)
	pool, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if _, err := pool.Exec(t.Context(), `
		CREATE TABLE "Old Members" (
			member_id bigserial PRIMARY KEY, mail text, pw varchar(60), admin boolean NOT NULL DEFAULT FALSE,
			joined timestamptz NOT NULL DEFAULT '2019-05-01 01:02:03.4+02', gone timestamp NULL, tags text[] NULL);
		INSERT INTO "Old Members" (mail, pw) VALUES ('Ada@example.com', '`+someHash+`'), (NULL, 'x'), ('jürgen@example.com', NULL);
		INSERT INTO "Old Members" (mail, gone) VALUES ('eve@example.com', '2020-01-02 03:04:05');
		ALTER DATABASE `+pool.Config().ConnConfig.Database+` SET datestyle = 'German'`); err != nil {
		t.Fatal(err)
	}
	args := []string{"-map", "member_id=-", "-map", "mail=email", "-map", "pw=password_hash", "-map", "admin=-", "-map", "joined=created_at", "-map", "gone=disabled_at", "-map", "tags=-", "-table", `"Old Members"`}
	said, code := importing(t, url, "", args...)
	want := "row 2 (member_id 2): no_address: the row has no address\n" +
		"row 3 (member_id 3): invalid_address: the address is none that an account can have: it must be ASCII, with a host name of two or more labels\n" +
		"4 rows: 2 users created, 0 there already, 2 refused\n"
	if diff := cmp.Diff(want, said); diff != "" || code != exitRefused {
		t.Errorf("exit code %d (-want +got):\n%s", code, diff)
	}
	ada, eve := userWith(t, db, "ada@example.com"), userWith(t, db, "eve@example.com")
	if ada.Email != "Ada@example.com" || !ada.CreatedAt.Equal(time.Date(2019, 4, 30, 23, 2, 3, 4e8, time.UTC)) || eve.DisabledAt == nil || !eve.DisabledAt.Equal(time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)) {
		t.Errorf("%+v\n%+v", ada, eve)
	}
	for table, want := range map[string]string{"nothing": "there is no such table", `x"; DROP TABLE "Old Members`: "invalid name syntax", `"Old Members"`: "unknown columns: member_id, mail, pw, admin, joined, gone, tags;"} {
		if said, code := importing(t, url, "", "-table", table); code != exitFailed || !strings.Contains(said, want) {
			t.Errorf("%s: exit code %d: %s", table, code, said)
		}
	}
}

func TestHashesOfNamedSystemsAreImported(t *testing.T) {
	t.Parallel()
	url, db := newStore(t)
	file := writeFile(t, "users.csv", "email,password_hash\n"+
		"ada@example.com,pbkdf2_sha256$1000$sixteenbytesok01$IzN8Yr9dtuO88EEg03pWpvk9GAjJiUcfgcRCGsrjxTk=\n"+
		"eve@example.com,$P$Babcdefgh9JjESeAq5StfTylF1Rcb80\n")
	said, code := importing(t, url, "", "-hashes", "django,aspnet", file)
	if code != exitRefused || !strings.HasPrefix(said, "line 3: unknown_hash: ") {
		t.Errorf("exit code %d: %s", code, said)
	}
	userWith(t, db, "ada@example.com")
	if said, code := importing(t, url, "", "-hashes", "django", "-hashes", "phpass", file); code != 0 || said != "2 rows: 1 users created, 1 there already, 0 refused\n" {
		t.Errorf("exit code %d: %s", code, said)
	}
}

func TestAnImportThatIsNotUnderstoodImportsNothing(t *testing.T) {
	t.Parallel()
	url, db := newStore(t)
	file := writeFile(t, "users.csv", "email,plan\nada@example.com,gold\n")
	open := writeFile(t, "open.csv", "email\n\"ada@example.com\n")
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{nil, exitUsage, ""},
		{[]string{"-"}, exitUsage, ""},
		{[]string{"-format", "xml", "-"}, exitUsage, ""},
		{[]string{file, file}, exitUsage, ""},
		{[]string{file, "-dry-run"}, exitUsage, ""},
		{[]string{"-table", "t", file}, exitUsage, ""},
		{[]string{"-table", "t", "-format", "csv"}, exitUsage, ""},
		{[]string{"-map", "plan", file}, exitUsage, ""},
		{[]string{"-hashes", "md5", file}, exitUsage, ""},
		{[]string{"-map", "plan=colour", file}, exitUsage, ""},
		{[]string{"-map", "plan=-", "-map", "plan=name", file}, exitUsage, ""},
		{[]string{"-hashes", "md5", file}, exitUsage, ""},
		{[]string{file}, exitFailed, "unknown columns: plan; "},
		{[]string{"-map", "plan=email", file}, exitFailed, "would both be email"},
		{[]string{"-map", "plan=-", "-map", "city=-", file}, exitFailed, `there is no column "city"`},
		{[]string{filepath.Join(t.TempDir(), "gone.csv")}, exitFailed, "no such file"},
		{[]string{open}, exitFailed, "never close"},
	} {
		if said, code := importing(t, url, "", c.args...); code != c.code || !strings.Contains(said, c.want) {
			t.Errorf("%q: exit code %d: %s", c.args, code, said)
		}
	}
	if _, err := db.FindUserByEmail(t.Context(), "ada@example.com"); err == nil {
		t.Error("there is a user")
	}
}

// An interruption ends the import between two batches, and says how to go on.
func TestAnInterruptedImportGoesOnWithTheSameCommand(t *testing.T) {
	t.Parallel()
	url, _ := newStore(t)
	ctx, interrupt := context.WithCancel(t.Context())
	var text strings.Builder
	text.WriteString("email\n")
	for i := range 2500 {
		fmt.Fprintf(&text, "user.%d@example.com\n", i)
	}
	all := text.String()
	first, rest := all[:len(all)*7/10], all[len(all)*7/10:]
	in := io.MultiReader(strings.NewReader(first), funcReader(func() { interrupt() }), strings.NewReader(rest))
	var out bytes.Buffer
	args := []string{"user", "import", "-format", "csv", "-"}
	err := run(ctx, args, url, in, &out)
	if !errors.Is(err, errInterrupted) || exitCode(err) != exitInterrupted || !strings.Contains(err.Error(), "after 1000 rows: run the same command again") {
		t.Errorf("%v: %s", err, out.String())
	}
	out.Reset()
	if err := run(t.Context(), args, url, strings.NewReader(all), &out); err != nil || out.String() != "2500 rows: 1500 users created, 1000 there already, 0 refused\n" {
		t.Errorf("%v: %s", err, out.String())
	}
}

// funcReader is called when it is read, and has nothing.
type funcReader func()

func (f funcReader) Read([]byte) (int, error) { f(); return 0, io.EOF }
