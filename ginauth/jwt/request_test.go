package jwt_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
)

// jsonRequest is a POST of JSON, as a script sends it.
func jsonRequest(path, body string) *http.Request { return posted(path, "application/json", body) }

// formRequest is a POST of a form.
func formRequest(path, body string) *http.Request {
	return posted(path, "application/x-www-form-urlencoded", body)
}

func posted(path, contentType, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	return r
}

// send returns what h answers to r.
func send(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}
