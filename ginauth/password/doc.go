// Package password stores, checks and judges passwords. It knows nothing of HTTP or SQL.
//
// # Hashing
//
// A Hasher makes argon2id hashes in the PHC string format, with 19 MiB, 2 passes, a random salt
// of 16 bytes and a tag of 32 (RFC 9106; OWASP Password Storage Cheat Sheet). It verifies
// argon2id and bcrypt hashes of other systems too, and tells with NeedsRehash when to
// replace one.
//
// One hash takes about 20 ms of a core and 19 MiB. So a Hasher computes at most GOMAXPROCS hashes at
// the same time. Other callers wait for at most 2 s, without memory for a hash: about a hundred for
// each core. A caller that would wait longer gets a BusyError at once, to be answered with 503 and
// Retry-After. Clients take turns, so that a flood from one client delays only itself; see
// Hasher.Enter. Many logins at once cost time, and do not exhaust the process. Use Default, or share
// one Hasher from New.
//
// # No oracle
//
// Verify the zero Hash for an account that does not exist or has no password: it costs as
// much as a miss on a real one. A miss on an argon2id hash of smaller cost is topped up to
// that, to within about 1 ms. A bcrypt hash takes its own time until the next login replaces
// it, and an argon2id hash of higher cost, which is kept, always does.
//
// # One text
//
// Passwords are compared in Unicode's normal form C, so that an é typed as one code point or as
// two is the same password on every path. Nothing else is changed: no case, no trimming, no
// truncation. Longer than 256 code points, not UTF-8, or containing a NUL is refused before any
// hashing, for every account alike. A bcrypt hash of a text that was not in form C does not match.
//
// # Policy
//
// The zero Policy requires 15 to 256 code points of any kind. It refuses
//   - some 9,700 leaked passwords of 15 characters and more, and, for a lower MinLength, the 10,000
//     most common ones of 8 to 14, in upper or lower case;
//   - sequences with an equal step, such as 123456789012345, and repetitions of fewer
//     than 8 characters or of a listed password, such as passwordpassword;
//   - words of the user's e-mail address and name, and the service's own.
package password
