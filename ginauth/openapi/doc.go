// Package openapi describes an app in OpenAPI 3.1 as its router really is: the middleware that
// checks credentials says which routes need them and of which kind, not annotations.
//
//	err := openapi.Mount(r, openapi.Options{Title: "My app", Version: "1.0.0"})
//
// serves a page to read and try the API at /schema, and the document at /schema/openapi.json and
// /schema/openapi.yaml. The document has three sources: the app's own Swagger 2.0 document, if it
// has one (see Options.Swagger); ginauth's operations where they are mounted; and all other routes,
// with nothing but their method, path and security.
//
// Check is for the app's tests: it fails where document and router differ.
//
// This is the only package that needs kin-openapi. A program that does not import it contains
// neither kin-openapi nor the page; docs/openapi.md has the figures.
package openapi
