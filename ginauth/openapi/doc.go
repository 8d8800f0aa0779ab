// Package openapi describes an app in OpenAPI 3.1, as its router really is: which routes need
// credentials and of which kind comes from the middleware that decides it, not from annotations.
//
//	err := openapi.Mount(r, openapi.Options{Title: "My app", Version: "1.0.0"})
//
// serves a page to read and try the API at /schema, and the document at /schema/openapi.json and
// /schema/openapi.yaml. The document is made of the app's own Swagger 2.0 document, if it has one
// (see Options.Swagger), of ginauth's operations where they are mounted, and of all other routes,
// about which nothing but method, path and security is known.
//
// Check is for the app's tests: it fails where document and router differ.
//
// The package is the only one that needs kin-openapi. A program that does not import it carries
// neither that nor the page; docs/openapi.md has
// the figures.
package openapi
