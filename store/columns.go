package store

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/store/internal/wire"
)

// layout maps the fields of a user type to columns. It is made once, so that reading a user is as
// fast as code written by hand.
type layout struct {
	base  []int // the field path of User
	extra []column
	text  bool // ids are texts
}

// column is a column that the app's own user type adds.
type column struct {
	ident string // quoted
	path  []int
}

func layoutOf[U any]() (layout, error) {
	return layoutBeside[U](append(userColumns(), hiddenColumns...))
}

// layoutOfTable is layoutOf for an app's own table.
func layoutOfTable[U any](c Columns) (layout, error) {
	email, _ := columnOf(c.Email)
	username, _ := columnOf(c.Username)
	l, err := layoutBeside[U]([]string{
		c.ID, email, username, c.Realm, c.PasswordHash, c.Name,
		strings.TrimPrefix(c.VerifiedAt, negation), strings.TrimPrefix(c.DisabledAt, negation), c.CreatedAt, c.UpdatedAt,
	})
	l.text = true
	return l, err
}

// layoutBeside returns the layout of a type whose fields must not use the taken columns.
func layoutBeside[U any](taken []string) (layout, error) {
	t := reflect.TypeFor[U]()
	if t.Kind() != reflect.Struct {
		return layout{}, fmt.Errorf("the user type %v must be a struct, not a pointer or anything else", t)
	}
	c := collector{taken: map[string]string{}}
	for _, name := range taken {
		c.taken[name] = "ginauth's own"
	}
	if err := c.collect(t, nil); err != nil {
		return layout{}, fmt.Errorf("the user type %v: %w", t, err)
	}
	if !c.found {
		return layout{}, fmt.Errorf("the user type %v must embed store.User", t)
	}
	if c.clash != nil {
		return layout{}, fmt.Errorf("the user type %v: %w", t, c.clash)
	}
	return c.layout, nil
}

type collector struct {
	layout
	found bool
	taken map[string]string // from a column to its field
	clash error             // of two fields with the same column
}

func (c *collector) collect(t reflect.Type, path []int) error {
	if t == reflect.TypeFor[User]() {
		if c.found {
			return errors.New("it embeds store.User twice")
		}
		c.found, c.base = true, path
		return nil
	}
	for i := range t.NumField() {
		if err := c.field(t, t.Field(i), append(slices.Clone(path), i)); err != nil {
			return err
		}
	}
	return nil
}

func (c *collector) field(in reflect.Type, f reflect.StructField, path []int) error {
	tag, _, _ := strings.Cut(f.Tag.Get("db"), ",")
	switch {
	case tag == "-":
		return nil
	case f.Type == reflect.TypeFor[User]() && f.Anonymous && !f.IsExported():
		return fmt.Errorf("the embedded field %s is not exported, so that it cannot be set: embed store.User by that name, or give its alias a capital letter", f.Name)
	case f.Anonymous && tag == "" && f.Type.Kind() == reflect.Struct:
		return c.collect(f.Type, path)
	case f.Anonymous && tag == "" && f.Type.Kind() == reflect.Pointer:
		return fmt.Errorf("embed %v itself, not a pointer to it", f.Type.Elem())
	case !f.IsExported():
		return nil
	case strings.ContainsRune(tag, 0):
		return fmt.Errorf("the db tag of %s has a NUL in it", f.Name)
	case tag == "":
		tag = snakeCase(f.Name)
	}
	here := in.Name() + "." + f.Name
	if holder, dup := c.taken[tag]; dup {
		c.clash = fmt.Errorf(`the column %s of %s is %s: choose another by a tag db:"name", or leave the field out by db:"-"`, tag, here, holder)
		return nil
	}
	c.taken[tag] = here + "'s already"
	c.extra = append(c.extra, column{ident: pgx.Identifier{tag}.Sanitize(), path: path})
	return nil
}

// snakeCase turns PlanName into plan_name and HTTPServerID into http_server_id.
func snakeCase(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 {
			afterWord := !unicode.IsUpper(runes[i-1]) && runes[i-1] != '_'
			beforeWord := i+1 < len(runes) && unicode.IsLower(runes[i+1]) && runes[i-1] != '_'
			if afterWord || beforeWord {
				b.WriteByte('_')
			}
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// user returns the User that is part of the app's user v.
func (l *layout) user(v reflect.Value) *User {
	u, _ := v.FieldByIndex(l.base).Addr().Interface().(*User)
	return u
}

// selectList returns the columns in the order of read.
func (l *layout) selectList() string {
	columns := userColumns()
	for _, c := range l.extra {
		columns = append(columns, c.ident)
	}
	return "u." + strings.Join(columns, ", u.")
}

// read reads the columns of selectList.
func (l *layout) read(r *wire.Reader, v reflect.Value) { l.readUser(r, v, true) }

// readEnabled is read for a user who is known not to be disabled. The row has no disabled_at.
func (l *layout) readEnabled(r *wire.Reader, v reflect.Value) { l.readUser(r, v, false) }

func (l *layout) readUser(r *wire.Reader, v reflect.Value, disabledAt bool) {
	u := l.user(v)
	if l.text {
		r.Text((*string)(&u.ID))
	} else {
		u.readID(r)
	}
	u.readRest(r, disabledAt)
	for _, c := range l.extra {
		r.Scan(v.FieldByIndex(c.path).Addr().Interface())
	}
}
