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
// A token has three parts in strict base64url and at most 8 KiB. Its header names a key by "kid",
// exactly; the key, and nothing in the token, decides about the algorithm. Where a header says a
// key is to be found (jku, jwk, x5u, x5c) is not read, what changes its meaning (crit, b64, zip) is
// refused, and so are names that occur twice. "typ" must be "at+jwt", "iss" an issuer that is
// trusted with that very key, "aud" this service; "exp", "iat", "sub" and "jti" must be there
// ("iat" and "jti" unless Accept.RequiredClaims says otherwise), and "nbf", where it is, must have
// passed. The clocks may differ by 30 seconds. golang-jwt checks the signature and the times.
//
// # When a token ends
//
// By default a backend asks its store, in one statement for each request, for the user of the
// session that the token names ("sid"). A logout, a new password or disabling the user ends the
// token at once. BackendOptions.Stateless does without: a token is good until it expires, 10
// minutes by default, whatever happens to its user. With RetrieveUser the user can then come from
// the claims alone, and no statement is needed. BackendOptions.Revoked can refuse single tokens in
// both modes.
//
// # Keys
//
// Prefer EdDSA, then ES256. RS256 is for services that know nothing else, HS256 for one that both
// signs and verifies, and the others for whoever asks for them; see Key.WithAlgorithm. Every key
// has an id. A [Ring] replaces keys while requests run.
package jwt
