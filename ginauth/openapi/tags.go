package openapi

import (
	"reflect"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// readTags adds the rules of binding tags and swag's tags to a schema, as swag does.
func readTags(s *openapi3.Schema, tag reflect.StructTag) {
	for _, rules := range []string{tag.Get("binding"), tag.Get("validate")} {
		for rule := range strings.SplitSeq(rules, ",") {
			if rule == "dive" { // the rest is about the elements
				break
			}
			name, value, _ := strings.Cut(rule, "=")
			constrain(s, name, value)
		}
	}
	for name, rule := range map[string]string{"minLength": "min", "maxLength": "max", "minimum": "min", "maximum": "max"} {
		if value, ok := tag.Lookup(name); ok {
			constrain(s, rule, value)
		}
	}
	if format, ok := tag.Lookup("format"); ok {
		s.Format = format
	}
	if example, ok := tag.Lookup("example"); ok {
		s.Example = literal(s, example)
	}
	if enums, ok := tag.Lookup("enums"); ok {
		s.Enum = nil
		for value := range strings.SplitSeq(enums, ",") {
			s.Enum = append(s.Enum, literal(s, value))
		}
	}
}

func hasRule(tag reflect.StructTag, rule string) bool {
	for r := range strings.SplitSeq(tag.Get("binding")+","+tag.Get("validate"), ",") {
		if r == rule {
			return true
		}
	}
	return false
}

// formats are the validator's rules with an equivalent in JSON Schema.
var formats = map[string]string{
	"email": "email", "url": "uri", "uri": "uri", "uuid": "uuid", "uuid4": "uuid", "uuid7": "uuid",
	"ipv4": "ipv4", "ipv6": "ipv6", "hostname": "hostname",
}

func constrain(s *openapi3.Schema, rule, value string) {
	if format, ok := formats[rule]; ok {
		s.Format = format
		return
	}
	if rule == "oneof" {
		for word := range strings.FieldsSeq(value) {
			s.Enum = append(s.Enum, literal(s, strings.Trim(word, "'")))
		}
		return
	}
	number, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return
	}
	switch rule {
	case "min", "gte":
		atLeast(s, number)
	case "max", "lte":
		atMost(s, number)
	case "len":
		atLeast(s, number)
		atMost(s, number)
	case "gt", "lt":
		beyond(s, rule, number)
	}
}

// atLeast sets the minimum of a number, or the minimum length of any other type.
func atLeast(s *openapi3.Schema, number float64) {
	switch {
	case s.Type.Is("string"):
		s.MinLength = uint64(max(number, 0))
	case s.Type.Is("array"):
		s.MinItems = uint64(max(number, 0))
	case s.Type.Is("number"), s.Type.Is("integer"):
		s.Min = &number
	}
}

func atMost(s *openapi3.Schema, number float64) {
	length := uint64(max(number, 0))
	switch {
	case s.Type.Is("string"):
		s.MaxLength = &length
	case s.Type.Is("array"):
		s.MaxItems = &length
	case s.Type.Is("number"), s.Type.Is("integer"):
		s.Max = &number
	}
}

func beyond(s *openapi3.Schema, rule string, number float64) {
	if !s.Type.Is("number") && !s.Type.Is("integer") {
		if rule == "gt" {
			atLeast(s, number+1)
		} else {
			atMost(s, number-1)
		}
		return
	}
	exclusive := true
	if rule == "gt" {
		s.Min, s.ExclusiveMin = &number, openapi3.ExclusiveBound{Bool: &exclusive}
		return
	}
	s.Max, s.ExclusiveMax = &number, openapi3.ExclusiveBound{Bool: &exclusive}
}

// literal reads the text of a tag as a value of the schema's type.
func literal(s *openapi3.Schema, text string) any {
	switch {
	case s.Type.Is("integer"):
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n
		}
	case s.Type.Is("number"):
		if n, err := strconv.ParseFloat(text, 64); err == nil {
			return n
		}
	case s.Type.Is("boolean"):
		if b, err := strconv.ParseBool(text); err == nil {
			return b
		}
	}
	return text
}
