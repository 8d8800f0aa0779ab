package ginauth_test

import (
	"net/http"

	"github.com/ginauth/ginauth/ginauth/internal/requesttest"
)

// Short names for what other packages' tests have too.
var (
	jsonRequest = requesttest.JSON
	plainForm   = requesttest.Form
	send        = requesttest.Send
	problemIn   = requesttest.ProblemIn
)

// formRequest is a form as a browser sends it.
func formRequest(path, body string) *http.Request {
	r := plainForm(path, body)
	r.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	return r
}
