package store_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ginauth/ginauth/ginauth/password"
	"github.com/ginauth/ginauth/store"
)

// Which hashes are known is up to the hasher of the app; what it refuses, the report has.
func TestImportTakesTheHashesThatTheAppCanVerify(t *testing.T) {
	t.Parallel()
	s := newSetup(t)
	hasher, err := password.New(password.Options{InsecureCheap: true, Readers: []password.Reader{password.Django()}})
	if err != nil {
		t.Fatal(err)
	}
	const known = "pbkdf2_sha256$1000$sixteenbytesok01$IzN8Yr9dtuO88EEg03pWpvk9GAjJiUcfgcRCGsrjxTk="
	hashes := []string{known, strings.Replace(known, "$1000$", "$1000000000$", 1), "5f4dcc3b5aa765d61d8327deb882cf99"}
	var rows []store.ImportedUser[store.User]
	for n, hash := range hashes {
		r := imported(fmt.Sprintf("u%d@example.com", n))
		r.PasswordHash = hash
		rows = append(rows, r)
	}
	report := s.imports(t, s.db, store.ImportOptions{Passwords: hasher}, rows...)
	if diff := cmp.Diff([]string{"row 2 unknown_hash", "row 3 weak_hash"}, codes(report)); diff != "" {
		t.Errorf("the report (-want +got):\n%s", diff)
	}
	_, hash, err := s.db.FindCredential(t.Context(), "u0@example.com")
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := hasher.Verify(t.Context(), hash, "correct horse battery staple"); !ok || err != nil {
		t.Errorf("the imported hash: %v, %v", ok, err)
	}
	report = s.imports(t, s.db, store.ImportOptions{}, rows...)
	if diff := cmp.Diff([]string{"row 1 unknown_hash", "row 2 unknown_hash", "row 3 weak_hash"}, codes(report)); diff != "" {
		t.Errorf("the report without readers (-want +got):\n%s", diff)
	}
}
