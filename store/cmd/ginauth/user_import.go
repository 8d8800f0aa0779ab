package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/internal/records"
)

var userImport = command{
	noun: "user", verb: "import", usage: "[-dry-run] [-json] [-realm REALM] [-unicode-emails] [-hashes SYSTEM,…] [-map COLUMN=FIELD]… FILE.csv | FILE.jsonl | -format csv|jsonl - | -table TABLE",
	run: importUsers,
}

// errSomeRefused is the end of an import whose report has refused rows.
var errSomeRefused = errors.New("some rows were refused")

type importFlags struct {
	dry, json     bool
	unicode       bool
	table, format string
	realm         string
	fields        records.Fields
	readers       []password.Reader
}

func (f *importFlags) parse(args []string) (file string, err error) {
	f.fields = records.Fields{Known: importFields(), Rename: map[string]string{}}
	set := flags("user import")
	set.BoolVar(&f.dry, "dry-run", false, "")
	set.BoolVar(&f.json, "json", false, "")
	set.BoolVar(&f.unicode, "unicode-emails", false, "")
	set.StringVar(&f.table, "table", "", "")
	set.StringVar(&f.format, "format", "", "")
	set.StringVar(&f.realm, "realm", "", "")
	set.Func("map", "", f.rename)
	set.Func("hashes", "", f.read)
	err = set.Parse(args)
	if set.NArg() == 1 {
		file = set.Arg(0)
	}
	if err != nil || driver.CheckRealm(f.realm) != nil || set.NArg() > 1 || (file == "") == (f.table == "") || f.table != "" && f.format != "" {
		return "", errUsage
	}
	return file, nil
}

func (f *importFlags) rename(text string) error {
	column, field, found := strings.Cut(text, "=")
	if _, twice := f.fields.Rename[column]; !found || column == "" || twice {
		return errUsage
	}
	if field != "-" && !isImportField(field) {
		return errUsage
	}
	f.fields.Rename[column] = field
	return nil
}

// read adds the systems whose hashes the app can verify. Firebase's need the project's secrets, which
// are no business of an import, so they take ImportUsers.
func (f *importFlags) read(systems string) error {
	for system := range strings.SplitSeq(systems, ",") {
		reader, ok := map[string]func() password.Reader{
			"django": password.Django, "passlib": password.Passlib, "aspnet": password.ASPNETIdentity, "phpass": password.PHPass,
		}[system]
		if !ok {
			return errUsage
		}
		f.readers = append(f.readers, reader())
	}
	return nil
}

func importUsers(ctx context.Context, e *env, args []string) error {
	var f importFlags
	file, err := f.parse(args)
	if err != nil {
		return err
	}
	rows, closing, err := f.open(ctx, e, file)
	if err != nil {
		return err
	}
	defer closing()
	hasher, err := password.New(password.Options{Readers: f.readers})
	if err != nil {
		return err
	}
	report, err := e.db.ImportUsers(driver.WithRealm(ctx, f.realm), users(rows), store.ImportOptions{DryRun: f.dry, Passwords: hasher, UnicodeEmails: f.unicode})
	if err != nil && report.Rows == 0 && !errors.Is(err, context.Canceled) {
		return err
	}
	if said := e.tell(report, f); said != nil {
		return said
	}
	switch {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%w after %d rows: run the same command again, and it goes on with the others", errInterrupted, report.Rows)
	case err != nil:
		return err
	case len(report.Refused) > 0:
		return fmt.Errorf("%w: %d of %d", errSomeRefused, len(report.Refused), report.Rows)
	}
	return nil
}

// open returns the rows of the file or the table.
func (f *importFlags) open(ctx context.Context, e *env, file string) (rows iter.Seq2[records.Row, error], closing func(), err error) {
	if f.table != "" {
		// An interruption ends the import, which then stops reading.
		return records.Table(context.WithoutCancel(ctx), e.pool, f.table, f.fields), func() {}, nil
	}
	from, closing := e.in, func() {}
	if file != "-" {
		opened, err := os.Open(file) //nolint:gosec // the operator names it
		if err != nil {
			return nil, nil, err
		}
		from, closing = opened, func() { _ = opened.Close() }
	}
	switch cmp.Or(f.format, strings.TrimPrefix(filepath.Ext(file), ".")) {
	case "csv":
		return records.CSV(from, f.fields), closing, nil
	case "jsonl":
		return records.JSONLines(from, f.fields), closing, nil
	}
	closing()
	return nil, nil, errUsage
}

// tell prints the report: as JSON, or one line for each row that was refused and a line of sums.
func (e *env) tell(r store.ImportReport, f importFlags) error {
	if f.json {
		if r.Refused == nil {
			r.Refused = []store.ImportRefusal{}
		}
		return json.NewEncoder(e.out).Encode(r)
	}
	var text strings.Builder
	for _, refused := range r.Refused {
		text.WriteString(refused.Error() + "\n")
	}
	created := "created"
	if f.dry {
		created = "would be created"
	}
	fmt.Fprintf(&text, "%d rows: %d users %s, %d there already, %d refused\n", r.Rows, r.Created, created, r.Present, len(r.Refused))
	_, err := io.WriteString(e.out, text.String())
	return err
}
