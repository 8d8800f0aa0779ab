// Package apikey gives users personal access tokens for their scripts. A key is shown once, and
// only its digest is stored. It ends when its user revokes it, when it expires, or with the
// account.
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
// reads keys from the URL or from cookies, and leaves a Bearer token without the keys' prefix to
// the next backend.
//
// # The key
//
// A key is a prefix, 43 random characters (256 bits of crypto/rand) and 6 characters of checksum,
// such as
//
//	gak_Zk3v…43 characters…q9 0aB3xY (without the blank)
//
// With the prefix, secret scanners find keys in code and logs. With the checksum, they and this
// package can recognise a text that only looks like a key without asking the database. A [Key] does
// not print. The database holds the SHA-256 of a key and its first characters, by which users
// recognise their keys.
//
// # What ends a key
//
// A key ends when it expires, when its user revokes it, and when the account is deleted. It is not
// accepted while the account is disabled. It continues when the user logs out everywhere or changes
// the password, since the scripts that hold keys know neither. [RevokeAll] ends all keys of a user
// whose account was taken over.
package apikey
