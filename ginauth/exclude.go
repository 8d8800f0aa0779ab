package ginauth

import (
	"github.com/ginauth/ginauth/ginauth/internal/rule"
)

// NoRoute is a rule of Options.Exclude. It lets requests that match no route through to Gin's
// NoRoute and NoMethod handlers. Without it, anonymous clients get 401 for such requests.
const NoRoute = rule.NoRoute
