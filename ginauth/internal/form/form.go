package form

import (
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/gin-gonic/gin/binding"

	"github.com/ginauth/ginauth/ginauth/problem"
)

func decodeForm(c *gin.Context, into any) error {
	form, err := postedForm(c)
	if err != nil {
		return err
	}
	for name, values := range form {
		for _, text := range append(values, name) {
			if err := checkText(text); err != nil {
				return err
			}
		}
	}
	c.Request.PostForm, c.Request.Form = form, form // for "next", and for Options.Render
	form, err = flatForm(reflect.TypeOf(into).Elem(), form)
	if err != nil {
		return err
	}
	if err := binding.MapFormWithTag(into, form, "json"); err != nil {
		return malformed("it has a value of the wrong type")
	}
	return nil
}

// postedForm reads a form. If earlier middleware has read it, the form is in the request.
func postedForm(c *gin.Context) (url.Values, error) {
	body, err := readBody(c)
	if read := c.Request.PostForm; len(read) > 0 && (len(body) == 0 && err == nil || errors.Is(err, http.ErrBodyReadAfterClose)) {
		size := -1
		for name, values := range read {
			for _, value := range values {
				size += len(name) + len("=&") + len(value)
			}
		}
		if size > maxBody || c.Request.ContentLength > maxBody {
			return nil, ErrTooLarge
		}
		return read, nil
	}
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, malformed("it is not a form")
	}
	return form, nil
}

// Value returns one value of the request's form, whatever its encoding. The form need not have been
// read before.
func Value(c *gin.Context, name string) string {
	if c.Request.PostForm == nil && c.Request.Body != nil {
		c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxBody)
		return c.PostForm(name)
	}
	return c.Request.PostForm.Get(name)
}

// flatForm keeps only the names that a form may fill. Gin would read a struct's field as JSON, past
// the checks above, or fill it from names of other fields.
func flatForm(t reflect.Type, form url.Values) (url.Values, error) {
	flat := url.Values{}
	for _, f := range reflect.VisibleFields(t) {
		name, ok := jsonName(f)
		if !ok || !form.Has(name) {
			continue
		}
		kind := f.Type.Kind()
		if kind == reflect.Pointer {
			kind = f.Type.Elem().Kind()
		}
		flat[name] = form[name]
		switch kind { //nolint:exhaustive // the rest is text or a number
		case reflect.Struct, reflect.Map, reflect.Slice, reflect.Array, reflect.Interface, reflect.Pointer:
			return nil, malformed("a form cannot hold it all: send JSON", problem.Field{Field: name, Code: "type", Detail: name + " must be sent as JSON"})
		case reflect.Bool:
			flat[name] = checkbox(form[name])
		}
	}
	for name, values := range form {
		if filled, ok := flat[name]; ok {
			values = filled
		}
		if len(values) > 1 {
			return nil, malformed("a name occurs twice")
		}
	}
	return flat, nil
}

// checkbox turns the values that HTML sends for a checkbox into one that Gin can read. HTML sends
// "on" for a box without its own value, and two values if a hidden field of the same name makes
// browsers send unticked boxes too.
func checkbox(values []string) []string {
	on, off := 0, 0
	for _, v := range values {
		switch strings.ToLower(v) {
		case "true", "t", "on", "yes", "y", "1":
			on++
		case "false", "f", "off", "no", "n", "0", "":
			off++
		}
	}
	switch {
	case on == 1 && on+off == len(values) && off <= 1:
		return []string{"true"}
	case off == 1 && len(values) == 1:
		return []string{"false"}
	}
	return values
}
