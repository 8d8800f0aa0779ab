// Package refresh defines opaque refresh tokens: their form, how one follows another, and what a
// store must keep of them. Package jwt has the handlers; store.DB is a [driver.RefreshTokens] on
// PostgreSQL.
//
// A [Token] is 48 random bytes: a selector of 16, which all tokens of one login share, and a secret
// of 32 that can be used once. A store keeps the SHA-256 of both. If a client sends the selector
// with another secret, it has an old token of that login, and somebody has used the token since:
// the login ends (RFC 9700, 4.14.2). So no list of used tokens is needed.
//
// # An answer that is lost
//
// A client whose connection breaks after its token was replaced has only the old one. For a short
// grace period the store still answers it, with the same successor, so that no second chain begins.
// The store does not know the successor. It keeps it sealed: combined by XOR with a key that
// HMAC-SHA256 derives from the old token and that is used for nothing else. Only somebody with the
// old token can open it. The successor is random and not derived from a key of the server, because
// that key would be one more secret, and a thief of it could follow every chain from then on. A
// copy of the database contains digests and seals, and nobody can log in with those.
package refresh
