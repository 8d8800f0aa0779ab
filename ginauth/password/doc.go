// Package password stores, checks and judges passwords. It knows nothing of HTTP or SQL.
//
// # Hashing
//
// A Hasher makes argon2id hashes in the PHC string format, with 19 MiB, 2 passes, a random salt of
// 16 bytes and a tag of 32 (RFC 9106; OWASP Password Storage Cheat Sheet). It verifies argon2id,
// argon2i and bcrypt hashes of other systems too, and what Options.Readers read: hashes of Django,
// passlib, ASP.NET Identity, phpass, Firebase, and those of a Verifier of the app. NeedsRehash
// tells when to replace one. MD5, SHA-1 and hashes without a salt are not read.
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
// Verify the zero Hash for an account that does not exist or has no password: it costs as much as a
// miss on a real one. A Hasher remembers the costliest hash of each algorithm that it has met.
// Every miss does the work of all of them, whatever hash it was for, to within a few percent. So a
// table with slow hashes of another system makes every miss as slow, and the first such hash that a
// process meets takes its own time. A match takes what its own hash takes.
//
// # One text
//
// Passwords are compared in Unicode's normal form C, so that an é typed as one code point or as two
// is the same password on every path. Nothing else is changed: no case, no trimming, no truncation.
// Longer than 256 code points, not UTF-8, or containing a NUL is refused before any hashing, for
// every account alike. A hash that another system made of a text that was not in form C does not
// match.
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
