// Package docs holds the guides and the generated documents of ginauth:
// swagger.json, made by swag from the annotations on the handlers' constructors,
// problems.json, made from the source,
// openapi.json and openapi.yaml, made from a router that mounts everything, and
// api/*.txt, the exported surface of every package. `make docs` writes them.
//
//	@title			ginauth
//	@version		0.1.0
//	@description	Accounts and sessions for a Gin app, on PostgreSQL.
//	@description	Paths are those of the example; an app mounts the handlers where it likes.
//	@description	Every error is application/problem+json (RFC 9457) with a stable `code`, listed in docs/problems.md.
//	@contact.name	ginauth
//	@contact.url	https://github.com/ginauth/ginauth
//	@license.name	MIT
//	@license.url	https://opensource.org/license/mit
//	@schemes		http https
//	@accept			json
//	@produce		json,application/problem+json
//
//	@tag.name			account
//	@tag.description	Sign up, log in, log out.
//	@tag.name			sessions
//	@tag.description	Where the user is logged in, and how to end that.
//	@tag.name			events
//	@tag.description	What happened to the user's account, and who did it.
//	@tag.name			api keys
//	@tag.description	Keys for programs, which the user makes and revokes.
//	@tag.name			tokens
//	@tag.description	JSON web tokens, by OAuth 2 or by JSON.
//	@tag.name			mail
//	@tag.description	What a link in a mail does, and how to get one.
//
//	@securityDefinitions.apikey	sessionCookie
//	@in							header
//	@name						Cookie
//	@description				The session cookie: `__Host-session=…`. Swagger 2.0 cannot describe a cookie, so it is written as the header that carries it.
package docs

import _ "embed"

//go:embed swagger.json
var swagger string

// Swagger returns the Swagger 2.0 document of ginauth's handlers, as JSON.
func Swagger() string { return swagger }

//go:embed problems.json
var problems string

// Problems returns title, status and detail of every problem of ginauth by its code, as JSON.
func Problems() string { return problems }
