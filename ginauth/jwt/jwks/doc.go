// Package jwks fetches the keys of other issuers from the URL of their JWK set (RFC 7517), so that
// package jwt can verify their tokens.
//
//	keys, err := jwks.New(ctx, "https://accounts.example.com/jwks.json", jwks.Options{})
//	accept := jwt.Accept{
//		Issuers:   []jwt.Trust{{Issuer: "https://accounts.example.com", Keys: keys}},
//		Audiences: []string{"https://api.example.com"},
//	}
//
// The document is fetched from that URL only: over https, within 5 seconds, up to 1 MiB, and
// without a redirect to another host. It is fetched again every 10 minutes, and when a token names
// an unknown key. The latter happens at most once a minute, so that forged tokens cannot cause many
// requests to the issuer. Requests that wait share one fetch, which continues when they are
// cancelled. In an outage of the issuer, its last keys are used for a day. Only public keys for
// signatures that jwt knows are used; secrets and keys for encryption are ignored.
package jwks
