package openapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/ginauth/ginauth/docs"
	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/internal/problempage"
)

// catalogued is a problem in ginauth's list.
type catalogued struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

func catalog() (map[string]catalogued, error) {
	var list map[string]catalogued
	if err := json.Unmarshal([]byte(docs.Problems()), &list); err != nil {
		return nil, fmt.Errorf("reading the list of problems: %w", err)
	}
	return list, nil
}

// addProblems adds the errors that handlers in front of the route answer with, and examples to the
// errors that the operation itself lists.
func (b *builder) addProblems(op *openapi3.Operation, m mounted) {
	if op.Responses == nil {
		op.Responses = openapi3.NewResponsesWithCapacity(0)
	}
	for status, response := range op.Responses.Map() {
		if isFailure(status) && response.Value != nil {
			b.fillIn(status, response.Value)
		}
	}
	for _, code := range codesInFront(m) {
		b.addProblem(op, code)
	}
	if m.ours && m.info.Redirects || m.access.secured && m.access.redirects {
		addRedirect(op)
	}
	for status, response := range op.Responses.Map() {
		if isFailure(status) && response.Value != nil {
			b.addExamples(response.Value)
		}
	}
}

func codesInFront(m mounted) []string {
	var codes []string
	if m.access.secured {
		codes = append(codes, "unauthenticated", "unavailable")
		if m.access.takesTokens() {
			codes = append(codes, "bad_credentials")
		}
	}
	if m.access.ambient && !slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodOptions}, m.method) {
		codes = append(codes, "cross_origin")
	}
	if m.access.covered {
		for _, guard := range m.access.guards {
			codes = append(codes, codesOfGuard(guard)...)
		}
	}
	return codes
}

// codesOfGuard returns the codes of a guard by its name, also within All and Any.
func codesOfGuard(name string) []string {
	switch name {
	case "anyScope":
		return nil
	case unscoped:
		return []string{"insufficient_scope"}
	}
	var codes []string
	for prefix, code := range map[string]string{
		"fresh(": "reauthentication_required", "verified": "not_verified", "scope(": "insufficient_scope",
	} {
		if strings.Contains(name, prefix) {
			codes = append(codes, code)
		}
	}
	if len(codes) == 0 {
		codes = append(codes, "forbidden")
	}
	slices.Sort(codes)
	return codes
}

// addProblem adds a code to the answers. An answer that the app has described stays unchanged.
func (b *builder) addProblem(op *openapi3.Operation, code string) {
	known := b.problems[code]
	status := strconv.Itoa(known.Status)
	if response := op.Responses.Value(status); response != nil {
		if response.Value == nil || response.Value.Content[problemType] == nil || slices.Contains(b.codesOf(response.Value), code) {
			return
		}
		text := *response.Value.Description + ", " + code
		response.Value.Description = &text
		return
	}
	content := openapi3.Content{problemType: openapi3.NewMediaType().WithSchemaRef(openapi3.NewSchemaRef(schemaRef+problemSchema, nil))}
	op.Responses.Set(status, &openapi3.ResponseRef{Value: &openapi3.Response{Description: &code, Content: content}})
}

// codesOf returns the codes in a description, as ginauth's operations list them.
func (b *builder) codesOf(response *openapi3.Response) []string {
	if response.Description == nil {
		return nil
	}
	codes := strings.Split(*response.Description, ", ")
	return slices.DeleteFunc(codes, func(code string) bool { return b.problems[code] == catalogued{} })
}

// fillIn adds a body by the codes to a failure without one: @Failure 422 "validation_failed".
func (b *builder) fillIn(status string, response *openapi3.Response) {
	codes := b.codesOf(response)
	if len(response.Content) > 0 || len(codes) == 0 || strconv.Itoa(b.problems[codes[0]].Status) != status {
		return
	}
	response.Content = openapi3.Content{problemType: openapi3.NewMediaType().WithSchemaRef(openapi3.NewSchemaRef(schemaRef+problemSchema, nil))}
}

func (b *builder) addExamples(response *openapi3.Response) {
	media := response.Content[problemType]
	if media == nil || media.Example != nil || len(media.Examples) > 0 {
		return
	}
	for _, code := range b.codesOf(response) {
		if media.Examples == nil {
			media.Examples = openapi3.Examples{}
		}
		media.Examples[code] = &openapi3.ExampleRef{Ref: "#/components/examples/" + code}
		b.doc.Components.Examples[code] = &openapi3.ExampleRef{Value: b.example(code)}
	}
}

func (b *builder) example(code string) *openapi3.Example {
	p := b.problems[code]
	p.Detail = b.worded(p.Detail)
	value := ginauth.Problem{Type: problempage.Base + code, Title: p.Title, Status: p.Status, Code: code, Detail: p.Detail}
	if p.Status == http.StatusUnprocessableEntity {
		detail := b.worded("email is required")
		field, _, _ := strings.Cut(detail, " ")
		value.Errors = []ginauth.FieldError{{Field: field, Code: "required", Detail: detail}}
	}
	if p.Status == http.StatusInternalServerError {
		value.RequestID = "2IT4AOZJMW3YWJVCKYUIMV6FKQ"
	}
	return &openapi3.Example{Summary: p.Detail, Value: value}
}

func addRedirect(op *openapi3.Operation) {
	if op.Responses.Value("303") != nil {
		return
	}
	text := "A client that prefers text/html, such as a browser, is sent to a page of the app."
	location := &openapi3.Header{Parameter: openapi3.Parameter{Description: "Path of the page.", Schema: openapi3.NewStringSchema().NewRef()}}
	op.Responses.Set("303", &openapi3.ResponseRef{Value: &openapi3.Response{
		Description: &text, Headers: openapi3.Headers{"Location": &openapi3.HeaderRef{Value: location}},
	}})
}
