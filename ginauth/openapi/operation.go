package openapi

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/getkin/kin-openapi/openapi3"
)

// tidy removes what the conversion leaves over, and gives every status its content type.
func tidy(op *openapi3.Operation) {
	if op.RequestBody != nil && op.RequestBody.Value != nil {
		body := op.RequestBody.Value
		delete(body.Extensions, "x-originalParamName")
		for _, media := range body.Content {
			if media.Schema == nil || media.Schema.Value == nil {
				continue
			}
			for _, property := range media.Schema.Value.Properties {
				if property.Value != nil {
					delete(property.Value.Extensions, "x-formData-name")
				}
			}
		}
	}
	if op.Responses == nil {
		return
	}
	for status, response := range op.Responses.Map() {
		if response.Value == nil || len(response.Value.Content) == 0 {
			continue
		}
		if isFailure(status) && asProblem(response.Value) {
			continue
		}
		if len(response.Value.Content) > 1 {
			delete(response.Value.Content, problemType)
		}
	}
}

func isFailure(status string) bool {
	return strings.HasPrefix(status, "4") || strings.HasPrefix(status, "5") || status == "default"
}

const (
	problemType   = "application/problem+json"
	problemSchema = "ginauth.Problem"
)

// asProblem removes all content types but application/problem+json if the body is ginauth's
// Problem, and says whether it is.
func asProblem(response *openapi3.Response) bool {
	for _, media := range response.Content {
		if media.Schema != nil && media.Schema.Ref == schemaRef+problemSchema {
			response.Content = openapi3.Content{problemType: media}
			return true
		}
	}
	return false
}

// nameParameters gives the parameters the names in the path, and adds missing ones.
func nameParameters(op *openapi3.Operation, m mounted) {
	here := parametersOf(m.path)
	routed := parametersOf(openPath(m.template)) // the handler's names
	var kept openapi3.Parameters
	found := map[string]bool{}
	for _, p := range op.Parameters {
		if p.Value == nil || p.Value.In != openapi3.ParameterInPath {
			kept = append(kept, p)
			continue
		}
		if i := slices.Index(routed, p.Value.Name); i >= 0 && !slices.Contains(here, p.Value.Name) {
			p.Value.Name = here[i]
		}
		if slices.Contains(here, p.Value.Name) && !found[p.Value.Name] {
			found[p.Value.Name] = true
			kept = append(kept, p)
		}
	}
	for i, name := range here {
		if found[name] {
			continue
		}
		p := openapi3.NewPathParameter(name).WithSchema(openapi3.NewStringSchema())
		if strings.Contains(m.template, "*"+routed[i]) {
			p.Description = "The rest of the path, with its slashes."
		}
		kept = append(kept, &openapi3.ParameterRef{Value: p})
	}
	op.Parameters = kept
}

// reserveIDs reserves the operationIds that the app chose.
func (b *builder) reserveIDs() {
	for id := range b.app.byID {
		b.ids[id] = true
	}
}

// setID gives an operation a unique id.
func (b *builder) setID(op *openapi3.Operation, m mounted) {
	if b.app.byID[op.OperationID] != nil && op.OperationID != "" && b.app.taken[m.method+" "+m.path] {
		return
	}
	id := op.OperationID
	if id == "" || b.ids[id] {
		id += idFromRoute(m, id == "")
	}
	unique := id
	for n := 2; b.ids[unique]; n++ {
		unique = id + strconv.Itoa(n)
	}
	b.ids[unique] = true
	op.OperationID = unique
}

// idFromRoute returns "getUsersId" for GET /users/{id}, and "UsersId" without the method.
func idFromRoute(m mounted, withMethod bool) string {
	var id strings.Builder
	if withMethod {
		id.WriteString(strings.ToLower(m.method))
	}
	for _, word := range strings.FieldsFunc(m.path, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		id.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	if m.path == "/" {
		id.WriteString("Root")
	}
	return id.String()
}
