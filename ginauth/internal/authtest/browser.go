package authtest

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
)

// Browser sends requests to a handler and keeps the cookies of its answers, whatever their paths and ages.
// Do is safe for concurrent use; the fields are not to be touched meanwhile.
type Browser struct {
	Handler http.Handler
	Header  http.Header       // set in every request
	Cookies map[string]string // values by name; nil is no cookies

	mu sync.Mutex // guards Cookies
}

// Do returns what the handler answers to r and the browser's cookies.
func (b *Browser) Do(r *http.Request) *httptest.ResponseRecorder {
	maps.Copy(r.Header, b.Header)
	b.mu.Lock()
	for name, value := range b.Cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value}) //nolint:gosec // attributes are for answers
	}
	b.mu.Unlock()
	w := Send(b.Handler, r)
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, k := range w.Result().Cookies() {
		if k.MaxAge < 0 {
			delete(b.Cookies, k.Name)
			continue
		}
		if b.Cookies == nil {
			b.Cookies = map[string]string{}
		}
		b.Cookies[k.Name] = k.Value
	}
	return w
}

// SendWithCookie is Send with one cookie, unless its value is empty, and sets the value to what the answer makes of it.
// Other cookies of the answer are not kept.
func SendWithCookie(h http.Handler, r *http.Request, name string, value *string) *httptest.ResponseRecorder {
	b := Browser{Handler: h}
	if *value != "" {
		b.Cookies = map[string]string{name: *value}
	}
	w := b.Do(r)
	if kept := b.Cookies[name]; kept != *value { // so that many may read it
		*value = kept
	}
	return w
}
