// Package jwks has the keys of other issuers, by the URL of their JWK set (RFC 7517), for package
// jwt to verify their tokens with.
//
//	keys, err := jwks.New(ctx, "https://accounts.example.com/jwks.json", jwks.Options{})
//	accept := jwt.Accept{
//		Issuers:   []jwt.Trust{{Issuer: "https://accounts.example.com", Keys: keys}},
//		Audiences: []string{"https://api.example.com"},
//	}
//
// The document is fetched from that URL alone: over https, within 5 seconds, up to 1 MiB, and through
// no redirect to another host. It is fetched again every 10 minutes, and when a token names a
// key that is not there, though not more often than once a minute, so that forged tokens cannot
// make this service knock at the issuer's door. All who wait share one fetch, which goes on when they
// hang up. While the issuer is away, its last keys count for a
// day. Only public keys for signatures that jwt knows count: secrets and keys for encryption do not.
package jwks
