// Package form reads request bodies strictly: JSON objects and forms, of bounded size.
package form

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	ut "github.com/go-playground/universal-translator"

	"github.com/ginauth/ginauth/ginauth/problem"
)

const (
	// maxBody is the maximum size of a request body, in bytes (SEC-145).
	maxBody = 16 << 10
	// maxDepth is the maximum nesting of a JSON body.
	maxDepth = 16
)

// Errors besides MalformedError and InvalidError.
var (
	ErrTooLarge    = errors.New("the request body is too large")
	ErrUnsupported = errors.New("the request body is neither JSON nor a form")
)

// MalformedError means that a body cannot be read.
type MalformedError struct {
	Why    string
	Fields []problem.Field
}

// Error says why, without any text of the body.
func (e *MalformedError) Error() string { return "the request body cannot be read: " + e.Why }

// InvalidError means that fields of a body are at fault.
type InvalidError struct{ Fields []problem.Field }

// Error names no field.
func (*InvalidError) Error() string { return "some fields are not valid" }

// Bind reads a JSON object or a form into the struct that into points to. It checks its binding
// tags and, unless nil, further rules, and returns all faults at once. Language is for faults of
// tags; nil means English.
func Bind(c *gin.Context, into any, language ut.Translator, further func() []problem.Field) error {
	if err := decode(c, into); err != nil {
		return err
	}
	faults, err := tagFaults(into, language)
	if err != nil {
		return err
	}
	if further != nil {
		faults = addFaults(faults, further())
	}
	if len(faults) > 0 {
		return &InvalidError{faults}
	}
	return nil
}

func decode(c *gin.Context, into any) error {
	r := c.Request
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || r.Header.Get("Content-Encoding") != "" {
		return ErrUnsupported
	}
	switch kind {
	case "application/json":
		return decodeJSON(c, into)
	case "application/x-www-form-urlencoded":
		return decodeForm(c, into)
	}
	return ErrUnsupported
}

func readBody(c *gin.Context) ([]byte, error) {
	if kept, ok := c.Get(gin.BodyBytesKey); ok {
		if body, ok := kept.([]byte); ok {
			return checkBody(body)
		}
	}
	if c.Request.Body == nil {
		c.Request.Body = http.NoBody
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, ErrTooLarge
	case err != nil:
		return nil, fmt.Errorf("%w: %w", malformed("it ended too early"), err)
	}
	return checkBody(body)
}

func checkBody(body []byte) ([]byte, error) {
	switch {
	case len(body) > maxBody:
		return nil, ErrTooLarge
	case !utf8.Valid(body):
		return nil, malformed("it is not UTF-8")
	}
	return body, nil
}

func decodeJSON(c *gin.Context, into any) error {
	body, err := readBody(c)
	if err != nil {
		return err
	}
	if err := checkJSON(body, fieldNames(reflect.TypeOf(into).Elem())); err != nil {
		return err
	}
	err = json.Unmarshal(body, into)
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) {
		return malformed("it has a value of the wrong type", problem.Field{Field: withoutEmbedded(reflect.TypeOf(into).Elem(), mismatch.Field), Code: "type", Detail: "must be a " + jsonKind(mismatch.Type)})
	}
	if err != nil {
		return malformed("it has a value of the wrong type")
	}
	return nil
}

func jsonKind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Slice, reflect.Array:
		return "list"
	case reflect.Struct, reflect.Map, reflect.Pointer, reflect.Interface:
		return "object"
	default:
		return "number"
	}
}

// checkJSON accepts one JSON object. encoding/json alone takes the last of two equal names and
// folds case, so that "EMAIL" would set the field that a filter saw as "email".
func checkJSON(body []byte, known map[string]bool) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return malformed("it must be a JSON object")
	}
	if err := checkObject(d, known, 1); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return malformed("something follows the JSON object")
	}
	return nil
}

func checkObject(d *json.Decoder, known map[string]bool, depth int) error {
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return errNotJSON
		}
		folded := strings.ToLower(strings.ToUpper(name))
		if seen[folded] {
			return malformed("a name occurs twice")
		}
		seen[folded] = true
		if !known[name] && isKnownFolded(known, name) {
			return malformed("a name is spelled in the wrong case")
		}
		if err := checkText(name); err != nil {
			return err
		}
		if err := checkValue(d, depth); err != nil {
			return err
		}
	}
	_, err := d.Token()
	if err != nil {
		return errNotJSON
	}
	return nil
}

func isKnownFolded(known map[string]bool, name string) bool {
	for k := range known {
		if strings.EqualFold(k, name) {
			return true
		}
	}
	return false
}

func checkValue(d *json.Decoder, depth int) error {
	if depth > maxDepth {
		return malformed("it is nested too deeply")
	}
	token, err := d.Token()
	if err != nil {
		return errNotJSON
	}
	switch v := token.(type) {
	case string:
		return checkText(v)
	case json.Delim:
		if v == '{' {
			return checkObject(d, nil, depth+1)
		}
		for d.More() {
			if err := checkValue(d, depth+1); err != nil {
				return err
			}
		}
		if _, err := d.Token(); err != nil {
			return errNotJSON
		}
	}
	return nil
}

var errNotJSON = malformed("it is not JSON")

// checkText refuses text that PostgreSQL cannot store, and U+FFFD, which encoding/json makes of
// broken escapes.
func checkText(s string) error {
	if strings.IndexByte(s, 0) >= 0 || strings.ContainsRune(s, utf8.RuneError) || !utf8.ValidString(s) {
		return malformed("it has text that is not valid Unicode")
	}
	return nil
}

func malformed(why string, fields ...problem.Field) error {
	return &MalformedError{Why: why, Fields: fields}
}
