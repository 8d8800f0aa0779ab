package apikey_test

import "github.com/ginauth/ginauth/ginauth/internal/requesttest"

// Short names for what other packages' tests have too.
var (
	jsonRequest = requesttest.JSON
	formRequest = requesttest.Form
	send        = requesttest.Send
	problemIn   = requesttest.ProblemIn
	wantProblem = requesttest.WantProblem
)
