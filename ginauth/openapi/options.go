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
	// Title and Version describe the API. Default: those of Swagger, otherwise "API" and "0.0.0".
	Title, Version string
	// Description is Markdown. Default: that of Swagger.
	Description string
	// Swagger is the app's own Swagger 2.0 document as JSON, such as swag's
	// docs.SwaggerInfo.ReadDoc(). Its host and schemes are ignored, because the app itself serves
	// the document. An operation documented here replaces ginauth's own at the same route. Default:
	// none.
	Swagger string
	// Server is the URL under which clients reach the router, when a proxy removes a prefix from
	// the path. Default: the path of Options.BaseURL, or "/".
	Server string
	// Hide are routes that the document leaves out, as rules of Options.Exclude. Default: none.
	Hide []string
	// Open are routes that are meant to be outside Session and Authenticate, as rules of
	// Options.Exclude. The Report does not list them. Default: none.
	Open []string
	// User is any value of the type that Options.View returns, such as PublicUser{}. Set it if View
	// returns something without its own type, or cannot take a zero user. Default: what View makes
	// of a zero user.
	User any
	// Path is where Mount serves the page; the document is below. Default: "/schema".
	Path string
	// Private requires credentials at Path as on every other route. Default: false, anybody may
	// read it.
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
