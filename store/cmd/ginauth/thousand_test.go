package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/crypto/bcrypt"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/password"
	"github.com/ginauth/ginauth/store"
)

// former is a user of the system before.
type former struct {
	email, hash, password, deleted string
	code                           string // of the refusal; empty for a user who goes in
}

// formers are 1000 users as systems of before have them, good and bad.
func formers(t *testing.T) (list []former) {
	t.Helper()
	for i := range 1000 {
		u := former{email: fmt.Sprintf("User.%d@Example.com", i), password: fmt.Sprintf("former-%d", i)}
		if i%5 == 0 {
			u.password = fmt.Sprintf("seven%02d", i%100) // shorter than the policy allows
		}
		hash, err := bcrypt.GenerateFromPassword([]byte(u.password), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		u.hash = string(hash)
		switch i % 20 {
		case 1, 2, 3, 5:
			u.hash = "$2y$" + strings.TrimPrefix(u.hash, "$2a$")
		case 7:
			u.email, u.code = "", "no_address"
		case 9:
			u.email, u.code = strings.ToLower(list[i-1].email), "duplicate"
		case 11:
			u.email, u.code = fmt.Sprintf("jürgen.%d@example.com", i), "invalid_address"
		case 13:
			u.hash, u.code = "5f4dcc3b5aa765d61d8327deb882cf99", "weak_hash"
		case 15:
			u.deleted = "2020-01-02 03:04:05+01"
		case 17:
			u.hash = ""
		case 19:
			u.hash, u.code = "plain text", "unknown_hash"
		}
		list = append(list, u)
	}
	return list
}

// logIn returns the status of a login, each from a network of its own.
func logIn(t *testing.T, r http.Handler, i int, u former) int {
	t.Helper()
	body, err := json.Marshal(map[string]string{"email": u.email, "password": u.password})
	if err != nil {
		t.Fatal(err)
	}
	q := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/login", strings.NewReader(string(body)))
	q.Header.Set("Content-Type", "application/json")
	q.Host, q.RemoteAddr = "localhost", fmt.Sprintf("10.%d.%d.1:1", i/256, i%256)
	w := httptest.NewRecorder()
	r.ServeHTTP(w, q)
	return w.Code
}

// Each of a thousand rows goes in or into the report, those who are in log in, and nobody gets a mail.
func TestAThousandFormerUsersMoveIn(t *testing.T) {
	t.Parallel()
	url, _ := newStore(t)
	all := formers(t)
	var text strings.Builder
	w := csv.NewWriter(&text)
	_ = w.Write([]string{"email", "password_hash", "disabled_at"})
	var want []string
	for i, u := range all {
		_ = w.Write([]string{u.email, u.hash, u.deleted})
		if u.code != "" {
			want = append(want, fmt.Sprintf("line %d %s", i+2, u.code))
		}
	}
	w.Flush()
	said, code := importing(t, url, text.String(), "-json", "-format", "csv", "-")
	var report store.ImportReport
	if err := json.Unmarshal([]byte(said), &report); err != nil || code != exitRefused {
		t.Fatalf("exit code %d: %v: %s", code, err, said)
	}
	var refused []string
	for _, r := range report.Refused {
		refused = append(refused, r.Source+" "+r.Code)
	}
	if diff := cmp.Diff(want, refused); diff != "" || report.Rows != len(all) || report.Created != len(all)-len(want) {
		t.Errorf("%d of %d created (-want +got):\n%s", report.Created, report.Rows, diff)
	}

	pool, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	hasher, err := password.New(password.Options{InsecureCheap: true})
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := ginauth.New(ginauth.Options[store.User]{
		Users:     store.New[store.User](pool, store.WithMail(), store.WithTimeout(time.Minute)),
		Passwords: hasher, Cookie: ginauth.Cookie{InsecureLocalhost: true}, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	r := gin.New()
	r.Use(ginauth.Session(cfg))
	r.POST("/login", ginauth.Login(cfg))
	in := 0
	for i, u := range all {
		want := http.StatusOK
		switch {
		case u.code == "duplicate":
			continue // the address is that of the row before
		case u.code == "no_address":
			want = http.StatusUnprocessableEntity
		case u.code != "" || u.deleted != "" || u.hash == "":
			want = http.StatusUnauthorized
		}
		got := logIn(t, r, i, u)
		if got != want {
			t.Fatalf("line %d (%q): %d, want %d", i+2, u.code, got, want)
		}
		if got == http.StatusOK {
			in++
		}
	}
	if disabledOrWithout := 100; in != report.Created-disabledOrWithout {
		t.Errorf("%d users logged in of %d", in, report.Created)
	}
	var mails int
	if err := pool.QueryRow(t.Context(), `SELECT count(*) FROM ginauth.outbox`).Scan(&mails); err != nil || mails != 0 {
		t.Errorf("%d mails, %v", mails, err)
	}
}

// Where the app takes such addresses, they go in, too; and a flag leads a user to the change of the password.
func TestImportTakesWhatTheAppOptsInTo(t *testing.T) {
	t.Parallel()
	url, _ := newStore(t)
	lines := `{"email":"j\u00fcrgen@example.com","must_change_password":true}
{"email":"J\u00dcRGEN@Example.com"}
{"username":"Ada","must_change_password":false}
{"username":"ad a"}
{"email":"a@b","must_change_password":"maybe"}
`
	for range 2 { // twice is once
		said, code := importing(t, url, lines, "-json", "-unicode-emails", "-format", "jsonl", "-")
		for _, want := range []string{`"line 2","code":"duplicate"`, `"line 4","code":"invalid_username"`, `"line 5","code":"invalid_flag"`} {
			if !strings.Contains(said, want) || code != exitRefused {
				t.Errorf("exit code %d: %s, want %s", code, said, want)
			}
		}
	}
	pool, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	var got string
	err = pool.QueryRow(t.Context(), `SELECT string_agg(concat_ws(' ', COALESCE(email_canonical, username), must_change_password), ', ' ORDER BY email_canonical NULLS LAST) FROM ginauth.users`).Scan(&got)
	if want := "jürgen@example.com t, Ada f"; err != nil || got != want {
		t.Errorf("%q, want %q: %v", got, want, err)
	}
}
