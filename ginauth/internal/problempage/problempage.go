// Package problempage makes the problems that docs/problems.md explains.
package problempage

import "github.com/ginauth/ginauth/ginauth/problem"

// Base is the URL of the page that explains all problems, to which the code is added.
const Base = "https://github.com/ginauth/ginauth/blob/main/docs/problems.md#"

// New returns a problem whose Type is its place in docs/problems.md.
func New(status int, code, detail string) *problem.Details {
	p := problem.New(status, code, detail)
	p.Type = Base + code
	return p
}
