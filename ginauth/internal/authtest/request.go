package authtest

import (
	"net/http"
	"net/http/httptest"
	"strings"
)

// JSONRequest is a POST of JSON, as a script sends it.
func JSONRequest(path, body string) *http.Request { return post(path, "application/json", body) }

// FormRequest is a POST of a form.
func FormRequest(path, body string) *http.Request {
	return post(path, "application/x-www-form-urlencoded", body)
}

func post(path, contentType, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	return r
}

// Send returns what h answers to r.
func Send(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}
