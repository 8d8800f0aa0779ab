package store

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
)

// maxName is users_name_check.
const maxName = 200

// importedRow is a row of an import, and what became of it.
type importedRow struct {
	source    string
	id        string
	email     string
	canonical string // of the address, empty without one
	named     string // the canonical username, empty without one
	values    []any  // of the columns of insertImported, and of the app's own; nil is the default
	content   [sha256.Size]byte
	present   bool
	refusal   *ImportRefusal
}

func (r *importedRow) refuse(code, reason string) {
	r.refusal = &ImportRefusal{Source: r.source, Code: code, Reason: reason}
}

// read checks a row, and says in refusal what is wrong with it.
func (im *importer[U]) read(row ImportedUser[U]) *importedRow {
	v := reflect.ValueOf(&row.User).Elem()
	u := im.db.layout.user(v)
	r := &importedRow{source: row.Source, email: strings.Trim(u.Email, " \t")}
	if r.source == "" {
		r.source = "row " + strconv.Itoa(im.rows+1)
	}
	u.Name = strings.TrimSpace(u.Name)
	if strings.HasPrefix(row.PasswordHash, "!") {
		row.PasswordHash = ""
	}
	code, reason := faultOf(u, row.PasswordHash)
	if code == "" {
		code, reason = im.hashFault(row.PasswordHash)
	}
	if code != "" {
		r.refuse(code, reason)
		return r
	}
	if !r.identify(u, im.options.UnicodeEmails) || im.again(r) {
		return r
	}
	if err := r.setID(u.ID); err != nil {
		r.refuse("invalid_id", "the id is no UUID, or one of version 8: leave it out, and keep it in a column of your own")
		return r
	}
	for _, canonical := range []string{r.canonical, r.named} {
		if canonical != "" {
			im.first[canonical] = r.source
		}
	}
	im.setValues(r, row, v)
	return r
}

// identify finds the identifiers of a row, and is false for one that no account can have.
func (r *importedRow) identify(u *User, unicodeEmails bool) bool {
	var err error
	if r.email != "" {
		canonical, ascii := driver.CanonicalEmail, "ASCII, with "
		if unicodeEmails {
			canonical, ascii = driver.CanonicalUnicodeEmail, "text with "
		}
		if r.canonical, err = canonical(r.email); err != nil {
			r.refuse("invalid_address", "the address is none that an account can have: it must be "+ascii+"a host name of two or more labels")
			return false
		}
	}
	if !isBlank(u.Username) {
		if r.named, err = driver.CanonicalUsername(*u.Username); err != nil {
			r.refuse("invalid_username", "the username is none that an account can have: it must have at most 64 characters of one alphabet, no blanks and no @")
			return false
		}
	}
	return true
}

// again refuses a row with an identifier of an earlier one.
func (im *importer[U]) again(r *importedRow) bool {
	for _, i := range []struct{ what, canonical string }{{"address", r.canonical}, {"username", r.named}} {
		if first, again := im.first[i.canonical]; again {
			r.refuse("duplicate", "another row has the same "+i.what+", in this or another case: "+first)
			return true
		}
	}
	return false
}

// faultOf finds what no account can have.
func faultOf(u *User, hash string) (code, reason string) {
	switch {
	case !storable(u.Email) || !storable(u.Name) || !storable(hash) || u.Username != nil && !storable(*u.Username):
		return "invalid_text", "a text is not UTF-8, or has a NUL in it"
	case isBlank(&u.Email) && isBlank(u.Username):
		return "no_address", "the row has no address"
	case utf8.RuneCountInString(u.Name) > maxName:
		return "invalid_name", "the name has more than 200 characters"
	case strings.ContainsFunc(u.Name, breaks):
		return "invalid_name", "the name has characters that break lines or turn the direction of text"
	case !storableTime(u.VerifiedAt) || !storableTime(u.DisabledAt) || !storableTime(&u.CreatedAt):
		return "invalid_time", "a time is before the year 1 or after the year 9999"
	}
	return "", ""
}

func isBlank(s *string) bool { return s == nil || strings.Trim(*s, " \t") == "" }

// breaks is the rule of package ginauth for names that people give themselves (Unicode TR36, 3.2).
func breaks(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp) || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x206f
}

func storableTime(t *time.Time) bool {
	const first, last = 1, 9999
	return t == nil || t.IsZero() || t.UTC().Year() >= first && t.UTC().Year() <= last
}

// hashFault tells fast hashes, which only a Verifier of the app takes, from unknown ones.
func (im *importer[U]) hashFault(hash string) (code, reason string) {
	if hash == "" {
		return "", ""
	}
	parsed, err := password.ParseHash(hash)
	if err == nil {
		err = im.options.Passwords.Check(parsed)
	}
	if err == nil {
		return "", ""
	}
	text := strings.TrimLeft(hash, "*") // MySQL's PASSWORD()
	if _, err := hex.DecodeString(text); err == nil {
		return "weak_hash", "the hash is a plain digest such as MD5 or SHA-1: import the user without a hash, and let them set a new password by mail"
	}
	return "unknown_hash", "the hash is of a kind that cannot be verified, is damaged, or costs too much"
}

func (r *importedRow) setID(given driver.UserID) error {
	if given != "" {
		r.id = strings.ToLower(string(given))
		if _, ok := parseID(r.id); !ok || r.id == uuid.Nil.String() || isShadow(r.id) {
			return errors.New("no id of ours")
		}
		return nil
	}
	id, err := uuid.NewV7()
	r.id = id.String()
	return err
}

// The places of the username and of the flag among the values of a row.
const usernameValue, mustChangeValue = 8, 10

// setValues makes the arguments of the insertion, and the digest of what the row says. What the
// import adds, such as its own time, is no part of that.
func (im *importer[U]) setValues(r *importedRow, row ImportedUser[U], v reflect.Value) {
	u := im.db.layout.user(v)
	r.values = []any{
		r.id, textOrNull(r.email), textOrNull(r.canonical), u.Name, textOrNull(row.PasswordHash),
		since(u.VerifiedAt, row.Verified), since(u.DisabledAt, row.Disabled), since(&u.CreatedAt, true), nil, nil, nil,
	}
	if r.named != "" {
		r.values[usernameValue], r.values[usernameValue+1] = strings.Trim(*u.Username, " \t"), r.named
	}
	said := append([]any{u.ID}, r.values[1:mustChangeValue]...)
	if im.realm != "" {
		said = append(said, im.realm)
	}
	if u.MustChangePassword { // otherwise the digest is that of imports from before there was the flag
		r.values[mustChangeValue], said = true, append(said, "must change the password")
	}
	for _, c := range im.db.layout.extra {
		field := v.FieldByIndex(c.path)
		value := any(nil)
		if !field.IsZero() {
			value = field.Interface()
		}
		r.values, said = append(r.values, value), append(said, value)
	}
	text, err := json.Marshal(said)
	if err != nil { // of a type of the app's own
		text = fmt.Appendf(nil, "%#v", said)
	}
	r.content = sha256.Sum256(text)
}

// unproved tells whether the user could be asked for the proof of the address.
func (r *importedRow) unproved() bool {
	const verifiedAt, disabledAt = 5, 6
	return r.canonical != "" && r.values[verifiedAt] == nil && r.values[disabledAt] == nil
}

// mark is what the event of an import keeps of a row, so that a later run knows it. It tells
// nothing about the row to readers who do not know the row.
func (r *importedRow) mark(id string) string {
	const bytes = 16
	sum := sha256.Sum256(append([]byte(id), r.content[:]...))
	return hex.EncodeToString(sum[:bytes])
}

func textOrNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// importTime stands for the time of the import.
type importTime struct{}

// since is a time that may be unknown, and nil if it has never come.
func since(t *time.Time, has bool) any {
	switch {
	case t != nil && !t.IsZero():
		return timestamp(*t)
	case has:
		return importTime{}
	}
	return nil
}
