package openapi

import (
	"cmp"
	"maps"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/rule"
)

// builder is a document under construction.
type builder struct {
	opts   Options
	hide   rule.List
	open   rule.List
	doc    *openapi3.T
	routes []mounted
	app    *source // the app's own document
	own    *source // ginauth's operations
	// paths are the document's paths by their shape.
	paths    map[string]string
	ids      map[string]bool // operationIds that are taken
	problems map[string]catalogued
	schemes  map[string]*openapi3.SecurityScheme // of ginauth's backends
	types    typeNames
	report   Report
}

func newBuilder(engine *gin.Engine, opts Options) (*builder, error) {
	b := &builder{opts: opts, paths: map[string]string{}, ids: map[string]bool{}, schemes: map[string]*openapi3.SecurityScheme{}}
	var err error
	if b.routes, b.report.UnusedRules, err = readRouter(engine); err != nil {
		return nil, err
	}
	if b.app, err = appSource(opts.Swagger); err != nil {
		return nil, err
	}
	if b.own, err = ownSource(); err != nil {
		return nil, err
	}
	if b.problems, err = catalog(); err != nil {
		return nil, err
	}
	b.hide, _ = rule.Compile(opts.Hide) // validated
	b.open, _ = rule.Compile(opts.Open) // validated
	b.routes = slices.DeleteFunc(b.routes, func(m mounted) bool { return m.ours && m.info.Name == pageOperation })
	b.askHandlers()
	b.doc = b.frame()
	b.types = newTypeNames(b.doc.Components.Schemas)
	b.choosePaths()
	return b, nil
}

// server returns the URL of the router, as the options or its Session say.
func (b *builder) server() string {
	for _, m := range b.routes {
		if b.opts.Server == "" && m.access.base != "" {
			return m.access.base
		}
	}
	return cmp.Or(b.opts.Server, defaultServer)
}

// askHandlers records which of ginauth's handlers need a user, on excluded routes too.
func (b *builder) askHandlers() {
	for i, m := range b.routes {
		if op := b.own.byID[m.info.Name]; m.ours && m.access.covered && op != nil && op.Security != nil && len(*op.Security) > 0 {
			b.routes[i].access.secured = true
		}
	}
}

// frame returns a document without operations.
func (b *builder) frame() *openapi3.T {
	info := *b.app.doc.Info
	info.Title = cmp.Or(b.opts.Title, info.Title, defaultTitle)
	info.Version = cmp.Or(b.opts.Version, info.Version, defaultVersion)
	info.Description = cmp.Or(b.opts.Description, info.Description)
	if info.Contact != nil && info.Contact.Name == "" && info.Contact.URL == "" && info.Contact.Email == "" {
		info.Contact = nil // swag writes an empty one
	}
	schemas := b.own.schemasBeside(b.app.doc.Components.Schemas)
	for name, schema := range b.app.doc.Components.Schemas {
		if _, taken := schemas[name]; !taken {
			schemas[name] = schema
		}
	}
	security := openapi3.SecuritySchemes{}
	maps.Copy(security, b.app.doc.Components.SecuritySchemes)
	return &openapi3.T{
		OpenAPI: "3.0.3", Info: &info, Servers: openapi3.Servers{{URL: b.server()}},
		Security: b.app.doc.Security, Paths: openapi3.NewPaths(), Tags: b.app.doc.Tags, ExternalDocs: b.app.doc.ExternalDocs, Extensions: b.app.doc.Extensions,
		Components: &openapi3.Components{
			Schemas: schemas, SecuritySchemes: security, Examples: openapi3.Examples{},
			Parameters: b.app.doc.Components.Parameters, RequestBodies: b.app.doc.Components.RequestBodies, Responses: b.app.doc.Components.Responses,
		},
	}
}

// choosePaths gives routes of the same shape the same path. Names of the app's document come first.
func (b *builder) choosePaths() {
	for _, path := range slices.Sorted(maps.Keys(b.app.doc.Paths.Map())) {
		if _, taken := b.paths[shape(path)]; !taken {
			b.paths[shape(path)] = path
		}
	}
	for i, m := range b.routes {
		if path, taken := b.paths[shape(m.path)]; taken {
			b.routes[i].path = path
			continue
		}
		b.paths[shape(m.path)] = m.path
	}
}

// placeOperations gives every route its operation.
func (b *builder) placeOperations() {
	b.reserveIDs()
	for _, m := range b.byLength() {
		b.noteRoute(m)
		if b.hide.Match(m.method, m.template) || !slices.Contains(documentable, m.method) {
			continue
		}
		item := b.doc.Paths.Value(m.path)
		if item == nil {
			item = &openapi3.PathItem{}
			b.doc.Paths.Set(m.path, item)
		}
		item.SetOperation(m.method, b.operation(m))
	}
}

// byLength puts the shortest path first. If an operation is mounted several times, that path gets
// the plain operationId.
func (b *builder) byLength() []mounted {
	routes := slices.Clone(b.routes)
	slices.SortStableFunc(routes, func(x, y mounted) int { return cmp.Compare(len(x.path), len(y.path)) })
	return routes
}

// operation returns the app's own operation, or ginauth's, or an empty one.
func (b *builder) operation(m mounted) *openapi3.Operation {
	op, documented := b.app.take(m)
	switch {
	case documented:
	case m.ours && b.own.byID[m.info.Name] != nil:
		op = clone(b.own.byID[m.info.Name])
		op.Security = nil // which describes the handler, but not the router
		b.wordOperation(op)
		b.setTypes(op, m)
	default:
		op = bare(m)
		b.report.Undocumented = append(b.report.Undocumented, m.String())
	}
	b.setID(op, m)
	nameParameters(op, m)
	b.secure(op, m)
	b.addProblems(op, m)
	for _, tag := range op.Tags {
		if b.doc.Tags.Get(tag) == nil {
			b.doc.Tags = append(b.doc.Tags, cmp.Or(b.own.doc.Tags.Get(tag), &openapi3.Tag{Name: tag}))
		}
	}
	return op
}

func bare(m mounted) *openapi3.Operation {
	text := "Not documented."
	return &openapi3.Operation{
		Summary: m.String(), Description: "This route is not documented.",
		Responses: openapi3.NewResponses(openapi3.WithName("default", &openapi3.Response{Description: &text})),
	}
}
