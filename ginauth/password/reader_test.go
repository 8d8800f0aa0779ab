package password_test

import (
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth/password"
)

// firebaseSample is the project of Firebase's own documentation (github.com/firebase/scrypt).
var firebaseSample = password.FirebaseParams{
	SignerKey:     "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==",
	SaltSeparator: "Bw==",
	Rounds:        8,
	MemCost:       14,
}

func base64SHA384(plain string) string {
	sum := sha512.Sum384([]byte(plain))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func base64SHA512(plain string) string {
	sum := sha512.Sum512([]byte(plain))
	return base64.StdEncoding.EncodeToString(sum[:])
}

const poem = "Zwölf Boxkämpfer 🥊"

// vector is a hash that other software made.
type vector struct {
	reader password.Reader
	plain  string
	stored string
}

// vectors were made by Django 3.2.25, passlib 1.7.4, py-bcrypt 3.2.2 and Python's hashlib, or are
// from the documentation or the tests of the system itself, where it is named.
func vectors() map[string]vector {
	weak := firebaseSample
	weak.Rounds, weak.MemCost = 1, 4
	long := strings.Repeat("x", 100)
	return map[string]vector{
		"django pbkdf2_sha256":              {password.Django(), phrase, "pbkdf2_sha256$1000$sixteenbytesok01$IzN8Yr9dtuO88EEg03pWpvk9GAjJiUcfgcRCGsrjxTk="},
		"django pbkdf2_sha256 beyond ASCII": {password.Django(), poem, "pbkdf2_sha256$260$sixteenbytesok01$efKl0+eK5Qz6QhPJgD5Ydi4d/LH6u4+0A5dmr2k/c3U="},
		"django pbkdf2_sha1":                {password.Django(), "s3cret7", "pbkdf2_sha1$1000$sixteenbytesok01$A/8tsi8S8cTGUfnPXO3ZfvyV+Z0="},
		"django pbkdf2_sha512":              {password.Django(), phrase, "pbkdf2_sha512$1000$sixteenbytesok01$4gQcG9D6fokvBkvXEQiwcorqQL/mqiSZ1fAPrtvgYhu38GlRIIn4J7pBeEjw5h3m1OVmdRY7Pz0BNbIMuSqT3Q=="},
		"django scrypt":                     {password.Django(), phrase, "scrypt$1024$sixteenbytesok01$8$5$rRS2F9/doezfW97s+0wJE6SvzbVYYwbKV4VC7UKTVvdMBiT7Smamepl8g5maHeFbl9TWHlEuC1jXs8Oddt0BkQ=="},
		"django argon2":                     {password.Django(), phrase, "argon2$argon2id$v=19$m=512,t=2,p=2$c2l4dGVlbmJ5dGVzb2swMQ$ELeRlUAOleXgy65YrttRPw"},
		"django bcrypt_sha256":              {password.Django(), phrase, "bcrypt_sha256$$2b$04$abcdefghijklmnopqrstuuaBT8mpw5tGdD3eO40znWcQP/dT9hEVK"},
		"django bcrypt_sha256 of 100 bytes": {password.Django(), long, "bcrypt_sha256$$2b$04$abcdefghijklmnopqrstuut2SshH6UbGkn9RXLOv/njlCqQS.IYXK"},
		"django bcrypt":                     {password.Django(), phrase, "bcrypt$" + bcryptHash},

		"passlib pbkdf2-sha256":               {password.Passlib(), phrase, "$pbkdf2-sha256$1000$c2l4dGVlbiBieXRlcyBvaw$gpLtVvyi1c1YtH6m24Uxsa9pTVES7Rk/JsZJL4Nv5no"},
		"passlib pbkdf2-sha256, dots in salt": {password.Passlib(), poem, "$pbkdf2-sha256$29$........................$kfncxYYZuXSaRVnWEP4mXZKXfbLzjaJmRXBYD7nlP4M"},
		"passlib pbkdf2-sha512":               {password.Passlib(), phrase, "$pbkdf2-sha512$1000$c2l4dGVlbiBieXRlcyBvaw$0bTrwh.lIMbWviWRjPi3pFyRNKBl2jxApJZJmXfcnij13CJSxUmi1MfL5gV7P3MD6MScadQlE/g01TViCCsNaA"},
		"passlib pbkdf2":                      {password.Passlib(), phrase, "$pbkdf2$1000$c2l4dGVlbiBieXRlcyBvaw$Ptm0/nZnTcjBkQ7.JR6UsJJsi1s"},
		"passlib scrypt":                      {password.Passlib(), phrase, "$scrypt$ln=8,r=8,p=1$c2l4dGVlbiBieXRlcyBvaw$yG1zw0t5vMu1UmnPm7/sO+TkxSv0H9ZmYOQJMWt5wCo"},
		"passlib scrypt, parallel":            {password.Passlib(), poem, "$scrypt$ln=4,r=8,p=3$c2l4dGVlbiBieXRlcyBvaw$W/9VFJB7ARWF+rnpPgyYDMlt8CUnP02fPhpsdy74NX0"},
		"passlib bcrypt-sha256, version 1":    {password.Passlib(), phrase, "$bcrypt-sha256$2b,4$abcdefghijklmnopqrstuu$QFUZDSoSe.wmA0ORk2X1IjnANOtYIqu"},
		"passlib bcrypt-sha256, version 2":    {password.Passlib(), phrase, "$bcrypt-sha256$v=2,t=2b,r=4$abcdefghijklmnopqrstuu$h8GCYhBqatMGV8VIjRD4nhRxM87r3yu"},
		"passlib bcrypt-sha256 of 100 bytes":  {password.Passlib(), long, "$bcrypt-sha256$v=2,t=2b,r=4$abcdefghijklmnopqrstuu$VN/UtE6EwSZ/CIGnzfQAPtA5sMkMG4u"},
		"passlib argon2i":                     {password.Passlib(), phrase, "$argon2i$v=19$m=512,t=2,p=2$c2l4dGVlbiBieXRlcyBvaw$2idYGhZgKd5YImx1YsQLrQ"},
		"passlib argon2id":                    {password.Passlib(), phrase, "$argon2id$v=19$m=512,t=2,p=2$c2l4dGVlbiBieXRlcyBvaw$ad3v1I+OC1WJY+xWlU3nYw"},

		// All but the first are from PasswordHasherTest.cs of dotnet/aspnetcore.
		"ASP.NET, HMAC-SHA-512, hashlib":        {password.ASPNETIdentity(), poem, "AQAAAAIAAAPoAAAAEHNpeHRlZW4gYnl0ZXMgb2uw76RQjTMwyDbiAVVzzrGDRiAuSfuy46wrMWZNzXHjKA=="},
		"ASP.NET version 2":                     {password.ASPNETIdentity(), "my password", "ANXrDknc7fGPpigibZXXZFMX4aoqz44JveK6jQuwY3eH/UyPhvr5xTPeGYEckLxz9A=="},
		"ASP.NET version 2, sequential salt":    {password.ASPNETIdentity(), "my password", "AAABAgMEBQYHCAkKCwwNDg+ukCEMDf0yyQ29NYubggHIVY0sdEUfdyeM+E1LtH1uJg=="},
		"ASP.NET HMAC-SHA-256, 10,000 rounds":   {password.ASPNETIdentity(), "my password", "AQAAAAEAACcQAAAAEAABAgMEBQYHCAkKCwwNDg+yWU7rLgUwPZb1Itsmra7cbxw2EFpwpVFIEtP+JIuUEw=="},
		"ASP.NET HMAC-SHA-512, 50 rounds":       {password.ASPNETIdentity(), "my password", "AQAAAAIAAAAyAAAAEOMwvh3+FZxqkdMBz2ekgGhwQ4B6pZWND6zgESBuWiHw"},
		"ASP.NET HMAC-SHA-512, long salt, tag":  {password.ASPNETIdentity(), "my password", "AQAAAAIAAAD6AAAAIJbVi5wbMR+htSfFp8fTw8N8GOS/Sje+S/4YZcgBfU7EQuqv4OkVYmc4VJl9AGZzmRTxSkP7LtVi9IWyUxX8IAAfZ8v+ZfhjCcudtC1YERSqE1OEdXLW9VukPuJWBBjLuw=="},
		"ASP.NET version 3 with HMAC-SHA-1":     {password.ASPNETIdentity(), "my password", "AQAAAAAAAAD6AAAAEAhftMyfTJylOlZT+eEotFXd1elee8ih5WsjXaR3PA9M"},
		"phpass of WordPress":                   {password.PHPass(), phrase, "$P$Babcdefgh9JjESeAq5StfTylF1Rcb80"},
		"phpass of phpBB":                       {password.PHPass(), poem, "$H$9abcdefghuFRZW2RrbkzvdZo99eGV80"},
		"WordPress 6.8":                         {password.PHPass(), phrase, "$wp$2y$04$abcdefghijklmnopqrstuuV0klnHbXcaXKo7A89DBGKqZVoAS9L2u"},
		"bcrypt of base64 of SHA-384":           {password.BcryptOf(base64SHA384), phrase, "$2b$04$abcdefghijklmnopqrstuuOKJCTunptct9j4drb6si4PBSWrUeJM."},
		"bcrypt of base64 of SHA-512":           {password.BcryptOf(base64SHA512), phrase, "$2b$04$abcdefghijklmnopqrstuuJ8ulOlmU5O3aCrP18agGkVJST.8z3Fy"},
		"Firebase, hashlib and openssl's AES":   {password.Firebase(weak), poem, "$firebase-scrypt$42xEC+ixf3L2lw==$SY4MAwOzS5iR8rLC3V9C2MANI+isvIAURw+cG28EBvmHFTFnEoUMvb/qdfcQSZgjiVdHRSVe11+X4rNn7i1OkA=="},
		"the salted SHA-512 of an app, Custom":  {password.Custom(saltedSHA512{}), "s3cret7", "{SSHA512}pepper:" + base64SHA512("peppers3cret7")},
		"ASP.NET, where all readers are active": {password.Reader{}, "my password", "AQAAAAAAAAD6AAAAEAhftMyfTJylOlZT+eEotFXd1elee8ih5WsjXaR3PA9M"},
	}
}

// saltedSHA512 is the Verifier of an app whose passwords are weakly hashed.
type saltedSHA512 struct{}

func (saltedSHA512) Reads(stored string) bool { return strings.HasPrefix(stored, "{SSHA512}") }

func (saltedSHA512) Verify(stored, plain string) bool {
	salt, want, _ := strings.Cut(strings.TrimPrefix(stored, "{SSHA512}"), ":")
	return subtle.ConstantTimeCompare([]byte(base64SHA512(salt+plain)), []byte(want)) == 1
}

func allReaders() []password.Reader {
	return []password.Reader{
		password.Django(), password.Passlib(), password.ASPNETIdentity(), password.PHPass(), password.Firebase(firebaseSample), password.Custom(saltedSHA512{}),
	}
}

// foreignHasher has readers, and the cost of tests.
func foreignHasher(tb testing.TB, readers ...password.Reader) *password.Hasher {
	tb.Helper()
	return newHasher(tb, password.Options{InsecureCheap: true, MaxWait: time.Minute, Readers: readers})
}

func TestReadersAgreeWithTheOriginals(t *testing.T) {
	t.Parallel()
	agree(t, vectors())
}

func agree(t *testing.T, all map[string]vector) {
	t.Helper()
	for name, v := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			readers := []password.Reader{v.reader}
			if strings.Contains(name, "all readers") {
				readers = allReaders()
			}
			h, hash := foreignHasher(t, readers...), mustParse(t, v.stored)
			if err := h.Check(hash); err != nil {
				t.Errorf("Check: %v", err)
			}
			if hash.Reveal() != v.stored {
				t.Errorf("Reveal() = %q", hash.Reveal())
			}
			if !verify(t, h, hash, v.plain) {
				t.Error("its own password does not match")
			}
			for _, other := range []string{v.plain + " ", v.plain[:len(v.plain)-1]} {
				if verify(t, h, hash, other) {
					t.Errorf("%q matches", other)
				}
			}
			if !h.NeedsRehash(hash) {
				t.Error("it is to be kept")
			}
		})
	}
}

// Each character of a stored hash counts: with another one it is malformed, or another hash.
func TestAChangedHashNeverMatches(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"django pbkdf2_sha256 beyond ASCII", "passlib pbkdf2-sha256, dots in salt", "passlib scrypt, parallel", "Firebase, hashlib and openssl's AES"} {
		v := vectors()[name]
		for i := range v.stored {
			h := foreignHasher(t, v.reader)
			changed := []byte(v.stored)
			changed[i] = map[bool]byte{true: 'B', false: 'A'}[changed[i] == 'A']
			hash, err := password.ParseHash(string(changed))
			if err != nil {
				continue
			}
			if ok, err := h.Verify(t.Context(), hash, v.plain); ok || err != nil && !errors.Is(err, password.ErrMalformedHash) {
				t.Errorf("%s with another character %d: %v, %v", name, i, ok, err)
			}
		}
	}
}

// SEC-14: refused before any work that the text asks for.
func TestReadersRefuseWhatIsDamagedOrTooCostly(t *testing.T) {
	t.Parallel()
	const tag32 = "IzN8Yr9dtuO88EEg03pWpvk9GAjJiUcfgcRCGsrjxTk="
	const costly, damaged, unread = "its cost is out of bounds", "it is damaged", "no reader knows its format"
	h := foreignHasher(t, allReaders()...)
	for stored, want := range map[string]string{
		"pbkdf2_sha256$1000000000$sixteenbytesok01$" + tag32:                            costly,
		"pbkdf2_sha256$4194305$sixteenbytesok01$" + tag32:                               costly,
		"pbkdf2_sha256$0$sixteenbytesok01$" + tag32:                                     damaged,
		"pbkdf2_sha256$-1$sixteenbytesok01$" + tag32:                                    damaged,
		"pbkdf2_sha256$99999999999999999999$sixteenbytesok01$" + tag32:                  damaged,
		"pbkdf2_sha256$1000$$" + tag32:                                                  damaged, // no salt
		"pbkdf2_sha256$1000$salt$" + tag32:                                              damaged,
		"pbkdf2_sha256$1000$" + strings.Repeat("s", 65) + "$" + tag32:                   damaged,
		"pbkdf2_sha256$1000$sixteenbytesok01$":                                          damaged,
		"pbkdf2_sha256$1000$sixteenbytesok01$AAAA":                                      damaged,
		"pbkdf2_sha256$1000$sixteenbytesok01":                                           damaged,
		"pbkdf2_sha256$1000$sixteenbytesok01$" + tag32 + "$":                            damaged,
		"pbkdf2_md5$1000$sixteenbytesok01$I4ZYuLrYmWtSPF8eFuL29A==":                     unread,
		"scrypt$2097152$sixteenbytesok01$8$1$" + tag32:                                  costly, // 2 GiB
		"scrypt$4294967296$sixteenbytesok01$8$1$" + tag32:                               damaged,
		"scrypt$2147483648$sixteenbytesok01$4294967295$4294967295$" + tag32:             costly,
		"scrypt$2$sixteenbytesok01$1048576$1$" + tag32:                                  costly, // 384 MiB
		"scrypt$2$sixteenbytesok01$1$4294967295$" + tag32:                               costly,
		"scrypt$1000$sixteenbytesok01$8$1$" + tag32:                                     damaged, // no power of two
		"scrypt$1$sixteenbytesok01$8$1$" + tag32:                                        damaged,
		"$scrypt$ln=25,r=8,p=1$c2l4dGVlbiBieXRlcyBvaw$" + strings.TrimRight(tag32, "="): costly, // 32 GiB
		"$scrypt$ln=99,r=8,p=1$c2l4dGVlbiBieXRlcyBvaw$" + strings.TrimRight(tag32, "="): costly,
		"$scrypt$ln=4,r=8$c2l4dGVlbiBieXRlcyBvaw$" + strings.TrimRight(tag32, "="):      damaged,
		"argon2$argon2id$v=19$m=4194304,t=1,p=1$" + salt + "$" + tag:                    costly, // 4 GiB
		"argon2$argon2d$v=19$m=512,t=1,p=1$" + salt + "$" + tag:                         unread,
		"argon2$argon2id$v=16$m=512,t=1,p=1$" + salt + "$" + tag:                        damaged,
		"bcrypt$$2b$16$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG":           costly,
		"bcrypt_sha256$$2b$31$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG":    costly,
		"bcrypt_sha256$": damaged,
		"$bcrypt-sha256$v=2,t=2b,r=31$abcdefghijklmnopqrstuu$h8GCYhBqatMGV8VIjRD4nhRxM87r3yu":                        costly,
		"$bcrypt-sha256$v=3,t=2b,r=4$abcdefghijklmnopqrstuu$h8GCYhBqatMGV8VIjRD4nhRxM87r3yu":                         damaged,
		"$bcrypt-sha256$2x,4$abcdefghijklmnopqrstuu$h8GCYhBqatMGV8VIjRD4nhRxM87r3yu":                                 damaged,
		"$pbkdf2-sha256$1000000000$c2l4dGVlbiBieXRlcyBvaw$gpLtVvyi1c1YtH6m24Uxsa9pTVES7Rk/JsZJL4Nv5no":               costly,
		"$pbkdf2-sha256$1000$$gpLtVvyi1c1YtH6m24Uxsa9pTVES7Rk/JsZJL4Nv5no":                                           damaged,
		"$P$Sabcdefgh9JjESeAq5StfTylF1Rcb80":                                                                         costly, // 2^30 rounds
		"$P$4abcdefgh9JjESeAq5StfTylF1Rcb80":                                                                         costly, // 2^6
		"$P$Babcdefgh9JjESeAq5StfTylF1Rcb8":                                                                          damaged,
		"$P$Babcdefgh9JjESeAq5StfTylF1Rcb8=":                                                                         damaged,
		"$wp$2y$31$abcdefghijklmnopqrstuuV0klnHbXcaXKo7A89DBGKqZVoAS9L2u":                                            costly,
		"AQAAAAEAAAAAAAAAEAABAgMEBQYHCAkKCwwNDg+yWU7rLgUwPZb1Itsmra7cbxw2EFpwpVFIEtP+JIuUEw==":                       damaged, // no rounds
		"AQAAAAF/////AAAAEAABAgMEBQYHCAkKCwwNDg+yWU7rLgUwPZb1Itsmra7cbxw2EFpwpVFIEtP+JIuUEw==":                       costly,
		"AQAAAAEAACcQ/////wABAgMEBQYHCAkKCwwNDg+yWU7rLgUwPZb1Itsmra7cbxw2EFpwpVFIEtP+JIuUEw==":                       damaged,
		"AQAAAAMAACcQAAAAEAABAgMEBQYHCAkKCwwNDg+yWU7rLgUwPZb1Itsmra7cbxw2EFpwpVFIEtP+JIuUEw==":                       damaged,
		"AQAAAAIAAAAyAAAAEOMwvh3+FZxqkdMBz2ekgGhwQ4A=":                                                               damaged, // their tests, as the next two
		"AAABAgMEBQYHCAkKCwwNDg+ukCEMDf0yyQ29NYubggE=":                                                               damaged,
		"AAABAgMEBQYHCAkKCwwNDg+ukCEMDf0yyQ29NYubggHIVY0sdEUfdyeM+E1LtH1uJgAAAAAAAAAAAAA=":                           damaged,
		"$firebase-scrypt$42xEC+ixf3L2lw==":                                                                          damaged,
		"$firebase-scrypt$$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==": damaged,
		// Of no salt, of one round, or of an algorithm that is not read.
		"5f4dcc3b5aa765d61d8327deb882cf99":                               unread, // MD5 of "password"
		"5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8":                       unread, // its SHA-1
		"md5$salt$67a1e09bb1f83f5007dc119c14d663aa":                      unread,
		"sha1$salt$59b3e8d637cf97edbe2384cf59cb7453dfe30789":             unread,
		"$1$abcdefgh$G9B2Q8mJxk1Nf1Xz1Xz1X/":                             unread,
		"$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9Y": unread,
		"$ARGON2ID$V=19$M=64,T=1,P=1$" + salt + "$" + tag:                unread,
	} {
		hash := mustParse(t, stored)
		err := h.Check(hash)
		if !errors.Is(err, password.ErrMalformedHash) || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: Check gives %v, want %s", stored, err, want)
			continue
		}
		began := time.Now()
		ok, err := h.Verify(t.Context(), hash, "password")
		if took := time.Since(began); took > time.Second {
			t.Errorf("%s: took %s", stored, took)
		}
		if ok || !errors.Is(err, password.ErrMalformedHash) {
			t.Errorf("%s: Verify gives %v, %v", stored, ok, err)
		}
	}
}

func TestHashesOfOthersAreReadOnlyIfAskedFor(t *testing.T) {
	t.Parallel()
	h := cheapHasher(t)
	for name, v := range vectors() {
		if strings.HasPrefix(v.stored, "$argon2") {
			continue
		}
		if ok, err := h.Verify(t.Context(), mustParse(t, v.stored), v.plain); ok || !strings.HasPrefix(v.stored, "$2") && !errors.Is(err, password.ErrMalformedHash) {
			t.Errorf("%s: %v, %v", name, ok, err)
		}
	}
	if err := h.Check(password.Hash{}); err != nil {
		t.Errorf("the zero Hash: %v", err)
	}
}

func TestAnUnusablePasswordOfDjangoMatchesNothing(t *testing.T) {
	t.Parallel()
	h, hash := foreignHasher(t, password.Django()), mustParse(t, "!T6yWXhXUCPJIJMFhPMtWKbOfTB6TLdCpAH5Kqsox")
	for _, plain := range []string{"!", "T6yWXhXUCPJIJMFhPMtWKbOfTB6TLdCpAH5Kqsox", "!T6yWXhXUCPJIJMFhPMtWKbOfTB6TLdCpAH5Kqsox"} {
		if ok, err := h.Verify(t.Context(), hash, plain); ok || err != nil {
			t.Errorf("%q: %v, %v", plain, ok, err)
		}
	}
}

func TestNewRefusesFaultyReaders(t *testing.T) {
	t.Parallel()
	with := func(change func(*password.FirebaseParams)) password.Reader {
		p := firebaseSample
		change(&p)
		return password.Firebase(p)
	}
	for want, r := range map[string]password.Reader{
		"it is the zero Reader; use Django, Passlib or another function that returns one":                    {},
		"BcryptOf has no function; pass the one that the app hashed with first":                              password.BcryptOf(nil),
		"Custom has no Verifier; pass one":                                                                   password.Custom(nil),
		"FirebaseParams: SignerKey is not base64 of 16 to 64 bytes; copy base64_signer_key from the console": with(func(p *password.FirebaseParams) { p.SignerKey = "" }),
		"FirebaseParams: SaltSeparator is not base64; copy base64_salt_separator from the console":           with(func(p *password.FirebaseParams) { p.SaltSeparator = "?" }),
		"FirebaseParams: Rounds is 0; it must be 1 to 8":                                                     with(func(p *password.FirebaseParams) { p.Rounds = 0 }),
		"FirebaseParams: MemCost is 15; it must be 1 to 14":                                                  with(func(p *password.FirebaseParams) { p.MemCost = 15 }),
	} {
		_, err := password.New(password.Options{Readers: []password.Reader{password.Django(), r}})
		if want = "password.Options: Readers[1]: " + want; err == nil || err.Error() != want {
			t.Errorf("New says %v, want %s", err, want)
		}
	}
}

// The slice of Options.Readers stays the caller's.
func TestReadersAreCopied(t *testing.T) {
	t.Parallel()
	readers := []password.Reader{password.PHPass()}
	h := foreignHasher(t, readers...)
	_ = slices.Replace(readers, 0, 1, password.Django())
	if err := h.Check(mustParse(t, vectors()["phpass of phpBB"].stored)); err != nil {
		t.Error(err)
	}
}
