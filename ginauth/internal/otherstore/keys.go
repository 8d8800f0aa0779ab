package otherstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"

	"github.com/gin-contrib/sessions"
	"github.com/gorilla/securecookie"
	gorilla "github.com/gorilla/sessions"
)

// minSigningKey is 128 bits; NIST SP 800-131A requires at least 112.
const minSigningKey = 16

// Check returns what is wrong with a store of gin-contrib that would otherwise fail only at the
// first login: keys that do not work or can be guessed, and a missing directory.
func Check(store sessions.Store) error {
	for _, v := range structsOf(store) {
		if v.Type() == reflect.TypeFor[gorilla.FilesystemStore]() {
			if err := checkDirectory(v.FieldByName("path")); err != nil {
				return err
			}
		}
		if codecs, ok := codecsOf(v); ok {
			return checkKeys(codecs)
		}
	}
	return nil
}

// structsOf returns a store and the stores that it embeds first: gin-contrib wraps gorilla's
// stores.
func structsOf(store sessions.Store) (found []reflect.Value) {
	v := reflect.ValueOf(store)
	for range 4 {
		for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
			v = v.Elem()
		}
		if v.Kind() != reflect.Struct {
			return found
		}
		found = append(found, v)
		if v.NumField() == 0 || !v.Type().Field(0).Anonymous {
			return found
		}
		v = v.Field(0)
	}
	return found
}

func codecsOf(v reflect.Value) ([]securecookie.Codec, bool) {
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.Name == "Codecs" && !f.Anonymous && v.Field(i).CanInterface() {
			codecs, ok := v.Field(i).Interface().([]securecookie.Codec)
			return codecs, ok
		}
	}
	return nil, false
}

func checkKeys(codecs []securecookie.Codec) error {
	if len(codecs) == 0 {
		return errors.New("the store in Sessions has no key to sign cookies with: give its constructor 32 random bytes")
	}
	for _, codec := range codecs {
		signing := reflect.Indirect(reflect.ValueOf(codec))
		if signing.Kind() == reflect.Struct {
			if key := signing.FieldByName("hashKey"); key.IsValid() && key.Kind() == reflect.Slice && key.Len() < minSigningKey {
				return fmt.Errorf("a signing key of Sessions has %d bytes: give its constructor 32 random ones, and never fewer than %d", key.Len(), minSigningKey)
			}
		}
		if _, err := codec.Encode("ginauth", "a trial"); err != nil {
			return fmt.Errorf("a key of Sessions does not work: an encryption key has 16, 24 or 32 bytes, and stands after its signing key: %w", err)
		}
	}
	return nil
}

func checkDirectory(path reflect.Value) error {
	if path.Kind() != reflect.String {
		return nil
	}
	info, err := os.Stat(path.String())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("the directory of Sessions does not exist: make it, for this process alone (mode 0700)")
	case err != nil:
		return fmt.Errorf("the directory of Sessions cannot be used: %w", err)
	case !info.IsDir():
		return errors.New("the directory of Sessions is a file: name a directory")
	}
	trial, err := os.CreateTemp(path.String(), ".ginauth-*")
	if err != nil {
		return fmt.Errorf("the directory of Sessions cannot be written to: %w", err)
	}
	return errors.Join(trial.Close(), os.Remove(trial.Name()))
}
