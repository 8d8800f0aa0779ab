package form

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/gin-gonic/gin/binding"
	"github.com/go-playground/locales/en"
	ut "github.com/go-playground/universal-translator"
	"github.com/go-playground/validator/v10"
	translations "github.com/go-playground/validator/v10/translations/en"

	"github.com/ginauth/ginauth/ginauth/problem"
)

// tagFaults runs the validator of Gin's binding package.
func tagFaults(form any, language ut.Translator) ([]problem.Field, error) {
	err := binding.Validator.ValidateStruct(form)
	if err == nil {
		return nil, nil
	}
	var broken validator.ValidationErrors
	if !errors.As(err, &broken) {
		return nil, fmt.Errorf("checking a form: %w", err)
	}
	faults := make([]problem.Field, len(broken))
	for i, b := range broken {
		name := jsonPath(reflect.TypeOf(form).Elem(), b.StructNamespace())
		faults[i] = problem.Field{Field: name, Code: b.Tag(), Detail: inWords(reflect.TypeOf(form).Elem(), b, name, language)}
	}
	return faults, nil
}

// Missing is the fault of an empty field that must be filled in, in the words of the rule
// "required".
func Missing(field string, language ut.Translator) []problem.Field {
	var probe any = &struct {
		Email string `json:"email" binding:"required"`
	}{}
	if field == "username" {
		probe = &struct {
			Username string `json:"username" binding:"required"`
		}{}
	}
	faults, _ := tagFaults(probe, language)
	return faults
}

// addFaults adds the faults of fields that have none yet.
func addFaults(faults, more []problem.Field) []problem.Field {
	for _, f := range more {
		if !slices.ContainsFunc(faults, func(had problem.Field) bool { return had.Field == f.Field }) {
			faults = append(faults, f)
		}
	}
	return faults
}

// inWords returns a sentence about a broken rule, with the fields' names in JSON.
func inWords(form reflect.Type, b validator.FieldError, name string, language ut.Translator) string {
	text := b.Error()
	if language != nil {
		text = b.Translate(language)
	}
	if text == b.Error() { // no translation
		if b.Tag() == "required" {
			return name + " is required"
		}
		if text = b.Translate(english.of(binding.Validator.Engine())); text == b.Error() {
			return name + " is not valid"
		}
	}
	text = strings.Replace(text, b.Field(), name, 1)
	if strings.HasSuffix(b.Tag(), "field") { // its parameter is the name of another field
		parent := strings.TrimSuffix(b.StructNamespace(), b.StructField())
		text = strings.Replace(text, b.Param(), jsonPath(form, parent+b.Param()), 1)
	}
	return text
}

// english are the validator's own sentences.
var english englishSentences

// RegisterSentences registers the English sentences with the validator of Gin's binding.
func RegisterSentences() { english.of(binding.Validator.Engine()) }

type englishSentences struct {
	mu         sync.Mutex
	engine     any
	translator ut.Translator
}

// of registers the sentences with an engine once. The validator forbids that while others ask it
// for a translation, so constructors call it before there are requests.
func (e *englishSentences) of(engine any) ut.Translator {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.translator == nil || e.engine != engine {
		locale := en.New()
		e.engine = engine
		e.translator, _ = ut.New(locale, locale).GetTranslator(locale.Locale())
		if v, ok := engine.(*validator.Validate); ok {
			_ = translations.RegisterDefaultTranslations(v, e.translator) // fails only for conflicts in a translator, and this one is new
		}
	}
	return e.translator
}
