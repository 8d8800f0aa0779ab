// Package refresh has opaque refresh tokens: what they look like, how one follows another, and what
// a store must keep of them. Package jwt has the handlers; store.DB is a [Store] on PostgreSQL.
//
// A [Token] is 48 random bytes: a selector of 16, which all tokens of one login have in common,
// and a secret of 32 that is good for one use. A store keeps the SHA-256 of both. Whoever
// presents the selector with any other secret has had a token of that login, which somebody has used since: the
// login ends (RFC 9700, 4.14.2). No list of used tokens is needed for that.
//
// # An answer that is lost
//
// A client whose connection breaks after its token was replaced has only the old one. For a short grace the store
// still answers it, and with the same successor, so that no second chain begins. The store
// cannot know the successor; it keeps it sealed: added, bit by bit, to a key that HMAC-SHA256
// makes of the old token, used for nothing else. Only who has the old token can open it. The
// successor is random, not computed: a key of the server's, with which it could be computed, would be one more
// secret to keep, and who had it could follow every chain for ever. A copy of the database holds
// digests and seals, from which nothing can be logged in with.
package refresh
