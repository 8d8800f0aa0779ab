package jwt_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// The dialog "Authorize" of Swagger UI 5 sends this, byte for byte: the client's name and secret are
// an empty Basic header unless they are typed, and empty fields are left out.
func TestSwaggerUIsDialogGetsAToken(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(s *site) { s.flow.Scopes = []string{"read", "write"} })
	const form = "grant_type=password&username=ada%40example.com&password=correct+horse+battery+staple"
	const scoped = "grant_type=password&scope=read+write&username=ada%40example.com&password=correct+horse+battery+staple"
	for _, test := range []struct{ name, body, basic string }{
		{"nothing but the user", form, "Basic Og=="},
		{"scopes", scoped, "Basic Og=="},
		{"a client in the header", scoped, "Basic ZGVtbzpzZWNyZXQ="},
		{"a client in the body", scoped + "&client_id=demo&client_secret=secret", ""},
	} {
		w := s.send(fromSwaggerUI(test.body, test.basic))
		if w.Code != http.StatusOK {
			t.Errorf("%s: %d %s", test.name, w.Code, w.Body)
			continue
		}
		// What the dialog reads of the answer, and what "Try it out" sends then.
		var token struct {
			AccessToken string `json:"access_token"`
			TokenType   string `json:"token_type"`
			Error       string `json:"error"`
		}
		if err := json.Unmarshal(w.Body.Bytes(), &token); err != nil || token.Error != "" || !strings.EqualFold(token.TokenType, "bearer") {
			t.Errorf("%s: %s", test.name, w.Body)
		}
		if status := s.me(token.AccessToken); status != http.StatusOK {
			t.Errorf("%s: the token: %d", test.name, status)
		}
	}
}

// The dialog shows "error" and "error_description" of a JSON body, whatever the status.
func TestSwaggerUIsDialogShowsWhyThereIsNoToken(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	w := s.send(fromSwaggerUI("grant_type=password&username=ada%40example.com&password=wrong", "Basic Og=="))
	var shown struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	decodeBody(t, w, &shown)
	if w.Code != http.StatusBadRequest || shown.Error != "invalid_grant" || shown.Description == "" || w.Header().Get("WWW-Authenticate") != "" {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
}

func fromSwaggerUI(body, basic string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/token", strings.NewReader(body))
	for name, value := range map[string]string{
		"Accept": "application/json, text/plain, */*", "Content-Type": "application/x-www-form-urlencoded",
		"X-Requested-With": "XMLHttpRequest", "Authorization": basic, "Origin": "http://example.com",
		"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty",
	} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	return r
}
