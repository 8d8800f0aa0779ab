package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
)

// flood is a body that does not end soon, and counts what is read of it.
type flood struct {
	head string
	rest int64
	read int64
}

func (f *flood) Read(p []byte) (int, error) {
	if f.head != "" {
		n := copy(p, f.head)
		f.head = f.head[n:]
		f.read += int64(n)
		return n, nil
	}
	if f.rest <= 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), f.rest))
	for i := range n {
		p[i] = 'a'
	}
	f.rest -= int64(n)
	f.read += int64(n)
	return n, nil
}

// SEC-145: whatever the route, a body is read up to 16 KiB, and one byte more to see that it is longer.
func TestNoRouteReadsABodyBeyondItsLimit(t *testing.T) {
	t.Parallel()
	const limit, size = 16<<10 + 1, 64 << 20
	bodies := map[string]string{
		"application/x-www-form-urlencoded":     "next=%2Fuser&x=",
		"application/json":                      `{"x":"`,
		"text/plain":                            "",
		"":                                      "",
		"multipart/form-data; boundary=b":       "--b\r\nContent-Disposition: form-data; name=\"next\"\r\n\r\n",
		"multipart/form-data; boundary=\"b c\"": "--b c\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\n",
	}
	a := newApp(t)
	a.describe(t)
	users := newStore(a.pool)
	for _, r := range a.engine.Routes() {
		for kind, head := range bodies {
			for _, accept := range []string{"text/html", "application/json"} {
				body := &flood{head: head, rest: size}
				token, other := someone(t, users)
				path := strings.NewReplacer(":id", other, "*any", "").Replace(r.Path)
				request := httptest.NewRequestWithContext(t.Context(), r.Method, a.url+path, body)
				request.Header.Set("Content-Type", kind)
				request.Header.Set("Accept", accept)
				request.AddCookie(&http.Cookie{Name: "session", Value: token})
				w := httptest.NewRecorder()
				a.engine.ServeHTTP(w, request)
				if body.read > limit {
					t.Errorf("%s %s with %q for %s: %d, %d bytes read", r.Method, r.Path, kind, accept, w.Code, body.read)
				}
			}
		}
	}
}

var people int

// someone returns the token of a session of a new user, and the id of another one that they have.
func someone(t *testing.T, users *store.DB[User]) (token, other string) {
	t.Helper()
	people++
	address := fmt.Sprintf("p%d@example.com", people)
	u, err := users.CreateUser(t.Context(), driver.NewUser{Name: "P", Email: address, Canonical: address}, func(*User) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	mine, theirs := driver.NewToken(), driver.NewToken()
	for _, s := range []driver.Token{mine, theirs} {
		record, err := users.CreateSession(t.Context(), driver.NewSession{UserID: u.ID, Digest: s.Digest(), Lifetime: time.Hour, IdleTimeout: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		other = string(record.ID)
	}
	return mine.Reveal(), other
}
