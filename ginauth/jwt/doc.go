// Package jwt authenticates requests by JSON web tokens, and issues them.
//
//	key, err := jwt.ParseKey("2026-01", os.Getenv("TOKEN_KEY")) // openssl genpkey -algorithm ed25519
//	keys, err := jwt.NewRing(key)
//	accept := jwt.Accept{
//		Issuers:   []jwt.Trust{{Issuer: "https://api.example.com", Keys: keys}},
//		Audiences: []string{"https://api.example.com"},
//	}
//	backend := jwt.Bearer(cfg, jwt.BackendOptions[store.User]{Accept: accept}) // cfg of ginauth.New, with Users
//
// # What is accepted
//
// A token has three parts in strict base64url and at most 8 KiB. Its header names a key by "kid".
// The key decides about the algorithm, and nothing in the token does. The backend ignores header
// fields that say where to find a key (jku, jwk, x5u, x5c). It refuses fields that change the
// meaning of a token (crit, b64, zip), and names that occur twice. "typ" must be "at+jwt", "iss" an
// issuer that is trusted with this key, and "aud" this service. "exp" and "sub" must be there, and
// so must "iat" and "jti" unless Accept.RequiredClaims says otherwise. If there is an "nbf", that
// time must have passed. Clocks may differ by 30 seconds. golang-jwt checks the signature and the
// times.
//
// # When a token ends
//
// By default a backend asks its store, in one statement for each request, for the user of the
// session that the token names ("sid"). A logout, a new password or disabling the user ends the
// token at once. With BackendOptions.Stateless it does not ask: a token is valid until it expires,
// after 10 minutes by default, whatever happens to its user. With RetrieveUser the user can then
// come from the claims, and no statement is needed. BackendOptions.Revoked can refuse single tokens
// in both modes.
//
// # Keys
//
// Prefer EdDSA, then ES256. RS256 is for services that support nothing else, and HS256 for a
// service that both signs and verifies. The other algorithms are for services that require them;
// see Key.WithAlgorithm. Every key has an id. A [Ring] replaces keys while requests run.
package jwt
