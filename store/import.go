package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
)

const (
	// importRows bounds what one transaction writes, and so how long it holds locks.
	importRows = 1000
	// maxParameters of one statement, in PostgreSQL's protocol, without the clock and the realm.
	maxParameters = 65535 - 2
)

// ImportedUser is a user of another system, for [DB.ImportUsers].
type ImportedUser[U any] struct {
	// Source says in the report which row this is, such as "line 7". It must not be a secret.
	// Default: "row" and the number of the row.
	Source string
	// User has the address as it was typed, or the username, or both, the name, VerifiedAt,
	// DisabledAt, CreatedAt, MustChangePassword and the columns of the app's own. ID is a UUID to keep; if it is empty, the user gets a new one. A
	// zero CreatedAt is the time of the import, and a zero column of the app's own gets the
	// database's default. UpdatedAt is ignored.
	User U
	// Verified and Disabled are for systems that have not kept the times: the time of the import is
	// stored. A time in User comes first.
	Verified, Disabled bool
	// PasswordHash is the hash as the other system has stored it. No password is empty, or begins
	// with an exclamation mark, as in Django.
	PasswordHash string
}

// ImportOptions says how users are imported. The zero value sends no mail and calls no hook.
type ImportOptions struct {
	// DryRun makes the report and writes nothing. Only writing shows what constraints of the app's
	// own columns refuse.
	DryRun bool
	// Hooks calls AfterCreate, OnEvent and AfterEvent for each user. An error of a hook undoes the
	// batch and ends the import.
	Hooks bool
	// Passwords is the hasher of the app, whose Readers say which hashes of other systems can be
	// verified. Default: password.Default(), which reads argon2 and bcrypt.
	Passwords *password.Hasher
	// UnicodeEmails takes addresses outside ASCII, as ginauth.Options.UnicodeEmails does. Set both or
	// neither: without the option of the app, such a user cannot log in by the address.
	UnicodeEmails bool
	// Mail asks the users who are neither verified nor disabled for the proof of their address.
	Mail bool
}

// ImportReport tells what became of the rows that were read.
type ImportReport struct {
	// Rows is the sum of Created, Present and the number of those in Refused.
	Rows int `json:"rows"`
	// Created counts new users; in a dry run, those that would be.
	Created int `json:"created"`
	// Present counts the rows that an earlier run has imported.
	Present int `json:"present"`
	// Refused are the others, in the order of the rows.
	Refused []ImportRefusal `json:"refused"`
}

// ImportRefusal says why a row was not imported. It holds no value of the row.
type ImportRefusal struct {
	// Source is that of ImportedUser.
	Source string `json:"source"`
	// Code is stable, for programs; docs/import.md has the list.
	Code string `json:"code"`
	// Reason is a sentence for people.
	Reason string `json:"reason"`
}

// Error is the refusal as one line.
func (r *ImportRefusal) Error() string { return r.Source + ": " + r.Code + ": " + r.Reason }

// ImportUsers stores users of another system in the realm of ctx, 1000 in a transaction, each with
// its event. It sends no mail, also with WithMail, and calls no hook, unless o asks for them. A row
// that an earlier run has imported is counted as present and changes nothing, whatever the user has
// changed since; so after a crash or an interruption, import the same rows again. A row whose
// address, username or id has another account is refused: nothing is overwritten.
//
// Rows yields an *ImportRefusal for a row that it cannot read, which the report then has; any other
// error ends the import. When ctx ends, the batch that is being written is completed, and ctx's
// error is returned. The report is valid beside an error: it counts what is committed. Of a batch
// whose commit was interrupted by driver.ErrUnavailable it counts nothing, though it may be stored.
//
// A batch has a minute, or the time of WithTimeout if that is longer. On a transaction of the app's
// own, all batches are part of it. The import keeps the addresses of all rows in memory, about 200
// bytes each, to find duplicates. Two imports may run at the same time.
func (d *DB[U]) ImportUsers(ctx context.Context, rows iter.Seq2[ImportedUser[U], error], o ImportOptions) (ImportReport, error) {
	o.Passwords = cmp.Or(o.Passwords, password.Default())
	im := &importer[U]{db: d, options: o, realm: driver.Realm(ctx), size: min(importRows, maxParameters/d.importedParameters()), first: map[string]string{}}
	for row, err := range rows {
		if ctx.Err() != nil {
			return im.report, fmt.Errorf("importing users: %w", ctx.Err())
		}
		var refused *ImportRefusal
		switch {
		case errors.As(err, &refused):
			im.batch = append(im.batch, &importedRow{refusal: refused})
		case err != nil:
			return im.report, errors.Join(fmt.Errorf("reading users to import: %w", err), im.flush(ctx))
		default:
			im.batch = append(im.batch, im.read(row))
		}
		im.rows++
		if len(im.batch) < im.size {
			continue
		}
		if err := im.flush(ctx); err != nil {
			return im.report, err
		}
	}
	if ctx.Err() != nil {
		return im.report, fmt.Errorf("importing users: %w", ctx.Err())
	}
	err := im.flush(ctx)
	return im.report, err
}

// importer is one run of ImportUsers.
type importer[U any] struct {
	db      *DB[U]
	options ImportOptions
	realm   string
	size    int // of a batch
	rows    int
	batch   []*importedRow
	first   map[string]string // canonical address or username to the source of the row that has it
	report  ImportReport
}

// flush decides about the rows of the batch, writes it, and adds it to the report.
func (im *importer[U]) flush(ctx context.Context) error {
	if err := im.write(ctx); err != nil {
		return err
	}
	for _, r := range im.batch {
		im.report.Rows++
		switch {
		case r.refusal != nil:
			im.report.Refused = append(im.report.Refused, *r.refusal)
		case r.present:
			im.report.Present++
		default:
			im.report.Created++
		}
	}
	im.batch = im.batch[:0]
	return nil
}
