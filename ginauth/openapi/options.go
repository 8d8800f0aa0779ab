package openapi

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/ginauth/ginauth/ginauth/internal/rule"
)

// Options add what the router cannot tell. The zero value works.
type Options struct {
	// Title and Version of the API. Default: those of Swagger, otherwise "API" and "0.0.0".
	Title, Version string
	// Description is Markdown. Default: that of Swagger.
	Description string
	// Swagger is the app's own Swagger 2.0 document as JSON, such as swag's
	// docs.SwaggerInfo.ReadDoc(). Host and schemes are dropped: the app that is described serves
	// the document. An operation documented here replaces ginauth's own at the same route. Default:
	// none.
	Swagger string
	// Server is the URL under which clients reach the router, when a proxy removes a prefix from
	// the path. Default: the path of Options.BaseURL, or "/".
	Server string
	// Hide are routes that the document leaves out, as rules of Options.Exclude. Default: none.
	Hide []string
	// Open are routes meant to be outside of Session and Authenticate, as rules of Options.Exclude,
	// which the Report does not mention. Default: none.
	Open []string
	// User is any value of the type that Options.View returns, such as PublicUser{}, where View
	// returns something without a type of its own or cannot take an empty user. Default: what View
	// makes of an empty user.
	User any
	// Path is where Mount serves the page; the document is below. Default: "/schema".
	Path string
	// Private asks for credentials at Path as on every other route. Default: anybody may read it.
	Private bool
}

const (
	defaultPath    = "/schema"
	defaultServer  = "/"
	defaultTitle   = "API"
	defaultVersion = "0.0.0"
)

func (o Options) withDefaults() Options {
	o.Path = cmp.Or(o.Path, defaultPath)
	return o
}

func (o Options) validate() error {
	var faults []error
	for _, texts := range [][]string{o.Hide, o.Open} {
		if _, err := rule.Compile(texts); err != nil {
			faults = append(faults, err)
		}
	}
	if !strings.HasPrefix(o.Path, "/") || strings.HasSuffix(o.Path, "/") || strings.ContainsAny(o.Path, ":*?# ") {
		faults = append(faults, fmt.Errorf("the Path %q must begin with a slash, not end with one, and have no parameters", o.Path))
	}
	return errors.Join(faults...)
}
