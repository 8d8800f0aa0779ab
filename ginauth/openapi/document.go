package openapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3conv"
	"github.com/gin-gonic/gin"
	"github.com/goccy/go-yaml"
)

// version is the OpenAPI version of the documents. 3.1.1 changed no rule, and more tools know
// 3.1.0.
const version = "3.1.0"

// Document is an OpenAPI 3.1 document. It does not change.
type Document struct {
	title  string
	json   []byte
	yaml   func() []byte // made on demand: it takes a third of the time of Build
	report Report
}

// JSON returns the document as indented JSON. The same router and Options give the same bytes.
func (d *Document) JSON() []byte { return slices.Clone(d.json) }

// YAML returns the document as YAML.
func (d *Document) YAML() []byte { return slices.Clone(d.yaml()) }

// Report says where the document and the router differ.
func (d *Document) Report() Report { return d.report }

// Build describes a finished router: routes that are added later are not in the document. It
// returns an error when the Options cannot work, and when Swagger cannot be read or is not valid.
func Build(engine *gin.Engine, opts Options) (*Document, error) {
	opts = opts.withDefaults()
	if err := opts.validate(); err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	b, err := newBuilder(engine, opts)
	if err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	b.placeOperations()
	b.nameIdentifiers()
	if err := b.finishComponents(); err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	d := &Document{title: b.doc.Info.Title, report: b.finishReport()}
	if d.json, err = render(b.doc); err != nil {
		return nil, fmt.Errorf("openapi: %w", err)
	}
	d.yaml = sync.OnceValue(func() []byte {
		written, err := yaml.JSONToYAML(d.json)
		if err != nil {
			return d.json // JSON is YAML too
		}
		return written
	})
	return d, nil
}

// render upgrades, validates and writes the document, with sorted keys.
func render(doc *openapi3.T) ([]byte, error) {
	raw, err := marshalRenamed(doc)
	if err != nil {
		return nil, fmt.Errorf("writing JSON: %w", err)
	}
	loaded := &openapi3.T{} // LoadFromData would read it as YAML, which takes longer
	if err := json.Unmarshal(raw, loaded); err != nil {
		return nil, fmt.Errorf("reading the document again: %w", err)
	}
	if err := openapi3.NewLoader().ResolveRefsIn(loaded, nil); err != nil {
		return nil, fmt.Errorf("the document does not hold together: %w", err)
	}
	openapi3conv.Upgrade(loaded)
	loaded.OpenAPI = version
	if raw, err = json.Marshal(loaded); err != nil {
		return nil, fmt.Errorf("writing JSON: %w", err)
	}
	if err := validate(loaded); err != nil {
		return nil, fmt.Errorf("the document is not valid: %w", err)
	}
	return arrange(raw)
}

// validate removes repeated examples, so that each shared one is checked against its schema once.
// Compiling the schema for each of hundreds of answers took half of the time of Build.
func validate(doc *openapi3.T) error {
	seen := map[[2]string]bool{}
	for _, item := range doc.Paths.Map() {
		if item == nil {
			continue // Validate reports this
		}
		for _, op := range item.Operations() {
			for _, answer := range op.Responses.Map() {
				if answer == nil || answer.Value == nil {
					continue
				}
				for _, media := range answer.Value.Content {
					if media == nil || media.Example != nil || media.Schema == nil || media.Schema.Ref == "" {
						continue
					}
					maps.DeleteFunc(media.Examples, func(_ string, e *openapi3.ExampleRef) bool {
						pair := [2]string{media.Schema.Ref, e.Ref}
						again := e.Ref != "" && seen[pair]
						seen[pair] = true
						return again
					})
				}
			}
		}
	}
	return doc.Validate(context.Background(), openapi3.IsOpenAPI31OrLater())
}

// arrange indents the document and puts the most important fields first.
func arrange(raw []byte) ([]byte, error) {
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(raw, &parts); err != nil {
		return nil, fmt.Errorf("arranging JSON: %w", err)
	}
	order := []string{"openapi", "info", "servers", "tags", "externalDocs"}
	last := []string{"paths", "components"}
	for _, key := range slices.Sorted(maps.Keys(parts)) {
		if !slices.Contains(order, key) && !slices.Contains(last, key) {
			order = append(order, key)
		}
	}
	var one, out bytes.Buffer
	for _, key := range append(order, last...) {
		part, ok := parts[key]
		if !ok {
			continue
		}
		separator := ","
		if one.Len() == 0 {
			separator = "{"
		}
		fmt.Fprintf(&one, "%s%q:%s", separator, key, part)
	}
	one.WriteByte('}')
	if err := json.Indent(&out, one.Bytes(), "", "  "); err != nil {
		return nil, fmt.Errorf("arranging JSON: %w", err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}
