package account

import (
	"net/http"

	"github.com/ginauth/ginauth/ginauth/internal/problempage"
)

var (
	errSessionNotFound = problempage.New(http.StatusNotFound, "session_not_found", "You have no such session.")
	errPasswordExists  = problempage.New(http.StatusConflict, "password_exists", "This account has a password. Change it instead.")
)
