package main

import (
	"bytes"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/openapi"
)

// contract holds every answer of an app against the app's own description: status, content type,
// headers and body, in which no field may be that is not described.
type contract struct {
	t      *testing.T
	app    http.Handler
	router routers.Router
	mu     sync.Mutex
	seen   map[string]bool // "operationId status"
}

// documentOf reads the description of a router.
func documentOf(t *testing.T, engine *gin.Engine, o openapi.Options) *openapi3.T {
	t.Helper()
	d, err := openapi.Build(engine, o)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(d.JSON())
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// describedOnce finds the operations of the description, which is made once: all apps have the same routes.
var describedOnce struct {
	sync.Once
	router routers.Router
	err    error
}

func newContract(t *testing.T, engine *gin.Engine) *contract {
	t.Helper()
	once := &describedOnce
	once.Do(func() {
		doc := documentOf(t, engine, schema)
		closed := false
		for _, s := range doc.Components.Schemas {
			s.Value.AdditionalProperties = openapi3.AdditionalProperties{Has: &closed}
		}
		once.router, once.err = legacy.NewRouter(doc)
	})
	if once.err != nil || once.router == nil {
		t.Fatalf("the description has no router: %v", once.err)
	}
	return &contract{t: t, app: engine, router: once.router, seen: map[string]bool{}}
}

func (k *contract) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		k.t.Error(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer := httptest.NewRecorder()
	k.app.ServeHTTP(answer, r)
	k.check(r, answer)
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// check leaves out what is not described: pages, style sheet, and what has no route.
func (k *contract) check(r *http.Request, answer *httptest.ResponseRecorder) {
	route, params, err := k.router.FindRoute(r)
	if err != nil {
		return
	}
	k.mu.Lock()
	k.seen[route.Operation.OperationID+" "+http.StatusText(answer.Code)] = true
	k.mu.Unlock()
	kind, _, _ := mime.ParseMediaType(answer.Header().Get("Content-Type"))
	if kind == "text/html" && answer.Code == http.StatusOK {
		return // links of mails show people a page where programs get a 204
	}
	err = openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route},
		Status:                 answer.Code, Header: answer.Header(), Body: io.NopCloser(bytes.NewReader(answer.Body.Bytes())),
		// A page is for people, and its status all the same the described one.
		Options: &openapi3filter.Options{IncludeResponseStatus: true, ExcludeResponseBody: kind == "text/html"},
	})
	if err != nil {
		k.t.Errorf("%s %s answers otherwise than described: %v", r.Method, r.URL.Path, err)
	}
	if answer.Body.Len() > 0 && route.Operation.Responses.Status(answer.Code) != nil && kind != "text/html" {
		if content := route.Operation.Responses.Status(answer.Code).Value.Content; content.Get(kind) == nil {
			k.t.Errorf("%s %s answers %d with a body of type %s, which is not described", r.Method, r.URL.Path, answer.Code, kind)
		}
	}
}

// All other tests of this package go through the contract too; this one goes everywhere as an API
// client.
func TestEveryAnswerIsDescribed(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	c := newClient(t, a.url)
	c.accept = "application/json"
	send := func(method, path, body string, status int) {
		t.Helper()
		r := c.request(t, method, path, body)
		if body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		c.do(t, r).has(t, status)
	}
	ada := `{"name":"Ada","email":"ada@example.com","password":"` + passphrase + `"}`
	send(http.MethodGet, "/user", "", http.StatusUnauthorized)
	send(http.MethodPost, "/signup", `{`, http.StatusBadRequest)
	send(http.MethodPost, "/signup", `{"email":"ada@example.com"}`, http.StatusUnprocessableEntity)
	send(http.MethodPost, "/signup", strings.Repeat(" ", 1<<20)+"{}", http.StatusRequestEntityTooLarge)
	send(http.MethodPost, "/signup", ada, http.StatusCreated)
	send(http.MethodPost, "/signup", ada, http.StatusConflict)
	send(http.MethodGet, "/user", "", http.StatusOK)
	send(http.MethodPost, "/login", `{"email":"ada@example.com","password":"no"}`, http.StatusUnauthorized)
	send(http.MethodPost, "/login", ada[:1]+ada[14:], http.StatusOK)
	send(http.MethodGet, "/sessions", "", http.StatusOK)
	send(http.MethodDelete, "/sessions/01890a5d-ac96-774b-bcce-b302099a8057", "", http.StatusNotFound)
	send(http.MethodPost, "/sessions/01890a5d-ac96-774b-bcce-b302099a8057/revoke", "", http.StatusNotFound)
	send(http.MethodPost, "/sessions/revoke-others", "", http.StatusNoContent)
	send(http.MethodPost, "/sessions/revoke-all", "", http.StatusNoContent)
	send(http.MethodPost, "/sessions/revoke-all", "", http.StatusUnauthorized)
	send(http.MethodPost, "/logout", "", http.StatusNoContent)

	r := c.request(t, http.MethodPost, "/login", ada)
	r.Header.Set("Content-Type", "text/plain")
	c.do(t, r).has(t, http.StatusUnsupportedMediaType)
	r = c.request(t, http.MethodPost, "/logout", "")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	c.do(t, r).has(t, http.StatusForbidden)
	send(http.MethodPost, "/login", ada[:1]+ada[14:], http.StatusOK)
	a.pool.Close()
	send(http.MethodGet, "/user", "", http.StatusServiceUnavailable)
	send(http.MethodPost, "/signup", ada, http.StatusServiceUnavailable)
	if len(a.contract.seen) < 20 {
		t.Errorf("only %d kinds of answers were compared: %v", len(a.contract.seen), a.contract.seen)
	}
}
