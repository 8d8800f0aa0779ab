package openapi

import (
	"fmt"
	"net/http"
	"path"
	"sync"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/internal/route"
)

// pageOperation is the operation of Mount's handlers, which no document lists.
const pageOperation = "openapi"

// Mount serves a page to read and try the API at Options.Path, and the document at openapi.json and
// openapi.yaml below it, to everybody unless Options.Private is set. The page loads nothing from
// other hosts. Mount returns the errors of Build. Call it after all other routes are registered, so
// that it can check them. The document is built once more at the first request, so it also has
// routes that were registered later.
func Mount(engine *gin.Engine, opts Options) error {
	opts = opts.withDefaults()
	if _, err := Build(engine, opts); err != nil {
		return err
	}
	built := sync.OnceValues(func() (*served, error) { return serve(engine, opts) })
	audience := route.Everyone
	if opts.Private {
		audience = route.VerifiedUsers
	}
	get := func(name, contentType string, file func(*served) *file) {
		h := route.New(route.Info{Name: pageOperation, For: audience}, func(c *gin.Context) {
			s, err := built()
			if err != nil {
				ginauth.Fail(c, err)
				return
			}
			file(s).answer(c, contentType)
		})
		handler := named(h, opts.Private)
		engine.GET(name, handler)
		engine.HEAD(name, handler)
	}
	get(opts.Path, "text/html; charset=utf-8", func(s *served) *file { return s.page })
	get(path.Join(opts.Path, "openapi.json"), "application/json", func(s *served) *file { return s.json })
	get(path.Join(opts.Path, "openapi.yaml"), "application/yaml", func(s *served) *file { return s.yaml() })
	get(path.Join(opts.Path, "start.js"), "text/javascript; charset=utf-8", func(s *served) *file { return s.start })
	get(path.Join(opts.Path, "swagger-ui.js"), "text/javascript; charset=utf-8", func(s *served) *file { return s.script })
	get(path.Join(opts.Path, "swagger-ui.css"), "text/css; charset=utf-8", func(s *served) *file { return s.style })
	return nil
}

// named has a function literal for each case, because a handler's name must not depend on options.
func named(h *route.Handler, private bool) gin.HandlerFunc {
	if private {
		return h.As(func(c *gin.Context) { h.Serve(c) })
	}
	return h.As(func(c *gin.Context) { h.Serve(c) })
}

// served has the answers of Mount's routes.
type served struct {
	page, json, start, script, style *file

	yaml func() *file
}

func serve(engine *gin.Engine, opts Options) (*served, error) {
	d, err := Build(engine, opts)
	if err != nil {
		return nil, err
	}
	s := &served{json: plainFile(d.json), yaml: sync.OnceValue(func() *file { return plainFile(d.yaml()) })}
	if s.page, err = pageFile(opts, d); err != nil {
		return nil, err
	}
	for name, to := range map[string]**file{"start.js": &s.start, "swagger-ui-bundle.js.gz": &s.script, "swagger-ui.css.gz": &s.style} {
		if *to, err = embeddedFile(name); err != nil {
			return nil, fmt.Errorf("openapi: reading the page's files: %w", err)
		}
	}
	return s, nil
}

// policy lets the page load its own files and call the app that it describes, and nothing else.
// Swagger UI has its icons in its style sheet, as data.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func setHeaders(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-cache")
}
