package accept_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/ginauth/ginauth/ginauth/internal/accept"
)

func TestHTMLIsNegotiated(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		html   bool
		accept []string
	}{
		{false, nil},
		{false, []string{""}},
		{false, []string{"*/*"}},
		{true, []string{"text/html"}},
		{true, []string{"TEXT/HTML"}},
		{true, []string{"Text/Html;Charset=utf-8"}},
		{true, []string{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}}, // browsers
		{true, []string{"text/html,*/*"}},
		{true, []string{"text/*"}},
		{true, []string{"text/*, */*"}},
		{false, []string{"application/json, text/plain, */*"}}, // axios
		{false, []string{"text/html;q=0"}},
		{false, []string{"text/html;q=0, */*"}},
		{false, []string{"text/html;Q=0.000, */*;q=0.1"}},
		{false, []string{"text/html;q=0.5, application/json"}},
		{false, []string{"text/html; q=0.5,application/json; q=0.6"}},
		{false, []string{"text/html;q=0.5, application/problem+json"}},
		{true, []string{"application/json;q=0.5, text/html"}},
		{true, []string{"application/json;q=0.5, text/html;q=0.51"}},
		{true, []string{"*/*;q=0.1, text/html;q=0.2"}},
		{false, []string{"*/*, text/html;q=0.2"}},
		{true, []string{"text/html, application/json"}},
		{false, []string{"application/json, text/html"}},
		{false, []string{"application/json", "text/html"}},
		{true, []string{"text/html", "application/json;q=0.9"}},
		{false, []string{"application/*, text/html;q=0.9"}},
		{true, []string{"application/*, text/html"}},
		{false, []string{"text/html;q=2"}},
		{false, []string{"text/html;q=-1"}},
		{false, []string{"text/html;q=x"}},
		{false, []string{"text/html;q=NaN"}},
		{false, []string{"text/html;q=1e0"}},
		{true, []string{"text/html;q=1.000"}},
		{true, []string{`application/json;x=",";q=0.5, text/html`}},
		{false, []string{`x/y;a="text/html, \",text/html", application/json`}},
		{false, []string{"text/htmlx"}},
		{false, []string{"application/xhtml+xml"}},
		{false, []string{";,;q=,,"}},
	} {
		if got := accept.HTML(http.Header{"Accept": tc.accept}); got != tc.html {
			t.Errorf("%q: %t", tc.accept, got)
		}
	}
}

func TestNamesComeInTheOrderOfTheirWeights(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		want   string
		values []string
	}{
		{"", nil},
		{"de en", []string{"de, en"}},
		{"de en", []string{"en;q=0.8, DE"}},
		{"de", []string{"en;q=0, de;q=0.001"}},
		{"fr-ch fr en de *", []string{"fr-CH, fr;q=0.9", "en;q=0.8, de; Q=0.7, *;q=0.5"}},
		{"gzip", []string{"br;q=2, GZIP,,"}},
	} {
		if got := strings.Join(accept.Names(tc.values), " "); got != tc.want {
			t.Errorf("%q: %s", tc.values, got)
		}
	}
}
