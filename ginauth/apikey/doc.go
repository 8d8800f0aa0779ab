// Package apikey gives users personal access tokens for their scripts: made once, shown once,
// kept as a digest, and ended by their user, by time, or with the account.
//
//	keys, err := apikey.New(cfg, apikey.Options[store.User]{})
//	if err != nil {
//		return err
//	}
//	r.POST("/api-keys", ginauth.Require(ginauth.Fresh(10*time.Minute)), apikey.Create(keys))
//	r.GET("/api-keys", apikey.List(keys))
//	r.DELETE("/api-keys/:id", apikey.Revoke(keys))
//	r.DELETE("/api-keys", apikey.RevokeAll(keys))
//
// [Backend] authenticates requests by a key in "Authorization: Bearer" or "X-API-Key". It never
// looks at the URL or at cookies, and a Bearer token without the keys' prefix is left to the next
// backend.
//
// # The key
//
// A key is a prefix, 43 random characters (256 bits of crypto/rand) and 6 characters of
// checksum, such as
//
//	gak_Zk3v…43 characters…q9 0aB3xY (without the blank)
//
// The prefix lets secret scanners find keys in code and logs, and the checksum lets them, and
// this package, tell a key from something that only looks like one without asking the
// database. [Key] does not print. The database holds the SHA-256 of a key and its
// first characters, so that people can tell theirs apart.
//
// # What ends a key
//
// A key ends when it expires, when its user revokes it, and when the account is deleted. It is not
// found while the account is disabled. It goes on when the user logs out everywhere or changes the
// password, since the scripts that hold keys know neither: [RevokeAll] ends all keys of a user whose
// account was taken over.
package apikey
