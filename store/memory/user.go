package memory

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// User is an account in the store. Embed it to add fields of your own. It has the fields of
// store.User, so that an app can move to PostgreSQL.
type User struct {
	ID driver.UserID `db:"id" json:"id" format:"uuid"`
	// Email is the address as it was typed at sign-up; empty if there is none.
	Email string `db:"email" json:"email" format:"email"`
	// Username is the name to log in with, as it was typed. It is nil for a user without one.
	Username *string `db:"username" json:"username,omitempty"`
	Name     string  `db:"name" json:"name"`
	// VerifiedAt is nil until the user has proved to own the address.
	VerifiedAt *time.Time `db:"verified_at" json:"verified_at,omitempty" format:"date-time"`
	// DisabledAt is nil for an account that can be used.
	DisabledAt *time.Time `db:"disabled_at" json:"-"`
	// MustChangePassword: a login leads to the change of the password alone, see
	// RequirePasswordChange.
	MustChangePassword bool      `db:"must_change_password" json:"must_change_password,omitempty"`
	CreatedAt          time.Time `db:"created_at" json:"-"`
	UpdatedAt          time.Time `db:"updated_at" json:"-"`
}

// Account returns the part of the user that ginauth reads.
func (u User) Account() driver.Account {
	username := ""
	if u.Username != nil {
		username = *u.Username
	}
	return driver.Account{
		ID: u.ID, Identifier: cmp.Or(u.Email, username), Username: username, Verified: u.VerifiedAt != nil, Disabled: u.DisabledAt != nil,
		MustChangePassword: u.MustChangePassword,
	}
}

// shape converts between an account and a U.
type shape[U any] struct {
	set  func(*U, User)
	name func(u U, otherwise string) string
}

func shapeOf[U any](o Options[U]) (shape[U], error) {
	keep := func(_ U, otherwise string) string { return otherwise }
	switch {
	case o.Set != nil && o.Name != nil:
		return shape[U]{o.Set, func(u U, _ string) string { return o.Name(u) }}, nil
	case o.Set != nil:
		return shape[U]{o.Set, keep}, nil
	case o.Name != nil:
		return shape[U]{}, errors.New("set Name and Set both, or neither: Name is for a user type with Set")
	}
	t := reflect.TypeFor[U]()
	if t.Kind() != reflect.Struct {
		return shape[U]{}, fmt.Errorf("the user type %v is no struct: set Options.Set", t)
	}
	var paths [][]int
	for _, f := range reflect.VisibleFields(reflect.TypeFor[User]()) {
		found, ok := t.FieldByName(f.Name)
		if !ok || found.Type != f.Type {
			return shape[U]{}, fmt.Errorf("the user type %v has no field %s %v: embed memory.User, or set Options.Set", t, f.Name, f.Type)
		}
		paths = append(paths, found.Index)
	}
	name, _ := t.FieldByName("Name")
	return shape[U]{
		set: func(u *U, a User) {
			to, from := reflect.ValueOf(u).Elem(), reflect.ValueOf(a)
			for i, path := range paths {
				to.FieldByIndex(path).Set(from.Field(i))
			}
		},
		name: func(u U, _ string) string { return reflect.ValueOf(u).FieldByIndex(name.Index).String() },
	}, nil
}

// copied returns a copy that shares no memory with v in its exported fields.
func copied[T any](v T) T {
	deepCopy(reflect.ValueOf(&v).Elem())
	return v
}

func deepCopy(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				deepCopy(v.Field(i))
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			deepCopy(v.Index(i))
		}
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			fresh := reflect.New(v.Elem().Type()).Elem()
			fresh.Set(v.Elem())
			deepCopy(fresh)
			if v.Kind() == reflect.Pointer {
				fresh = fresh.Addr()
			}
			v.Set(fresh)
		}
	case reflect.Slice:
		if !v.IsNil() {
			fresh := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
			reflect.Copy(fresh, v)
			for i := range fresh.Len() {
				deepCopy(fresh.Index(i))
			}
			v.Set(fresh)
		}
	case reflect.Map:
		if !v.IsNil() {
			fresh := reflect.MakeMapWithSize(v.Type(), v.Len())
			for _, key := range v.MapKeys() {
				item := reflect.New(v.Type().Elem()).Elem()
				item.Set(v.MapIndex(key))
				deepCopy(item)
				fresh.SetMapIndex(key, item)
			}
			v.Set(fresh)
		}
	default: // has no memory of its own
	}
}

// merge copies the fields that differ between before and after into to.
func merge(to, before, after reflect.Value) (changed bool) {
	if to.Kind() != reflect.Struct || to.Type() == reflect.TypeFor[time.Time]() {
		if reflect.DeepEqual(before.Interface(), after.Interface()) {
			return false
		}
		to.Set(after)
		return true
	}
	for i := range to.NumField() {
		f := to.Type().Field(i)
		switch {
		case f.Anonymous && f.Type.Kind() == reflect.Struct:
			changed = merge(to.Field(i), before.Field(i), after.Field(i)) || changed
		case f.IsExported() && !reflect.DeepEqual(before.Field(i).Interface(), after.Field(i).Interface()):
			to.Field(i).Set(after.Field(i))
			changed = true
		}
	}
	return changed
}
