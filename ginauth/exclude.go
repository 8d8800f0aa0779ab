package ginauth

import (
	"github.com/ginauth/ginauth/ginauth/internal/rule"
)

// NoRoute in Options.Exclude lets requests that match no route through to Gin's
// NoRoute and NoMethod handlers. Without it they answer 401 to anonymous clients.
const NoRoute = rule.NoRoute
