package email_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/email"
)

// links asks for one link of each kind, of one account, and returns the tokens by the path where each is good.
func (a *app) links(tb testing.TB, owner *client) map[string]string {
	tb.Helper()
	tokens := map[string]string{}
	want(tb, "change", owner.post("/email", `{"email":"first@example.com"}`), http.StatusAccepted)
	a.exec(tb, `UPDATE ginauth.users SET verified_at = created_at`)
	want(tb, "confirm", owner.use("/confirm", a.one(tb).token(tb)), http.StatusNoContent)
	tokens["/undo"] = a.one(tb).token(tb)
	a.exec(tb, `UPDATE ginauth.users SET email = 'ada@example.com', email_canonical = 'ada@example.com', verified_at = NULL`)
	tokens["/verify"] = a.token(tb, "/resend")
	tokens["/reset"] = a.token(tb, "/forgot")
	tokens["/magic"] = a.token(tb, "/send")
	want(tb, "change", owner.post("/email", `{"email":"second@example.com"}`), http.StatusAccepted)
	tokens["/confirm"] = a.one(tb).token(tb)
	return tokens
}

func TestTokensServeOnePurpose(t *testing.T) { // SEC-104
	t.Parallel()
	a := newApp(t)
	owner := a.signUp(t)
	tokens := a.links(t, owner)
	good := a.count(t, `SELECT count(*) FROM ginauth.email_tokens`)
	for path := range tokens {
		for other, token := range tokens {
			if path != other {
				wantProblem(t, other+" at "+path, owner.use(path, token, adaNew), http.StatusGone, "link_invalid")
			}
		}
	}
	if n := a.count(t, `SELECT count(*) FROM ginauth.email_tokens`); n != good || n < 5 {
		t.Errorf("%d tokens are left of %d", n, good)
	}
}

func TestWhatIsNoTokenMatchesNothing(t *testing.T) { // SEC-106, SEC-115
	t.Parallel()
	a := newApp(t)
	owner := a.signUp(t)
	for path, token := range a.links(t, owner) {
		last := strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", token[42])
		for _, bad := range []string{
			"", " ", "null", "0", strings.Repeat("A", 43), token + "=", token + "A", token[:42], " " + token, strings.ToLower(token),
			"B" + token[1:], token[:42] + string("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[last^1]),
		} {
			if bad != token {
				wantProblem(t, fmt.Sprintf("%s with %q", path, bad), owner.use(path, bad, adaNew), http.StatusGone, "link_invalid")
			}
		}
		for _, body := range []string{`{}`, `{"token":null}`} {
			wantProblem(t, path+" with "+body, owner.post(path, body), http.StatusGone, "link_invalid")
		}
		for _, body := range []string{`{"token":["` + token + `"]}`, `{"token":{}}`, `{"token":1}`, `{"token":"a","token":"` + token + `"}`, `{"TOKEN":"` + token + `"}`, `{"token":"\u0000"}`} {
			wantProblem(t, path+" with "+body, owner.post(path, body), http.StatusBadRequest, "malformed_body")
		}
	}
	if !strings.Contains(a.log.String(), `"authn_link_fail"`) {
		t.Error("no event tells of bad links")
	}
}

func TestALinkWorksOnceUnderLoad(t *testing.T) { // SEC-105, SEC-151
	t.Parallel()
	const callers, rounds = 16, 25
	a := newApp(t)
	a.signUp(t)
	a.exec(t, `UPDATE ginauth.users SET verified_at = created_at`)
	for _, flow := range []struct{ ask, use string }{{"/forgot", "/reset"}, {"/send", "/magic"}} {
		for round := range rounds {
			token := a.token(t, flow.ask)
			codes := together(callers, func(i int) int {
				return a.anyone().use(flow.use, token, fmt.Sprintf("%s %d", adaNew, i)).Code
			})
			if codes[http.StatusOK]+codes[http.StatusNoContent] != 1 || codes[http.StatusGone] != callers-1 {
				t.Fatalf("%s, round %d: %v", flow.use, round, codes)
			}
			a.clock.Advance(time.Second)
			a.deliver(t) // the notice
		}
	}
}

func TestTwoLinksOfOneUserDoNotDeadlock(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.verified(t)
	for range 20 {
		reset, login := a.token(t, "/forgot"), a.token(t, "/send")
		codes := together(8, func(i int) int {
			if i%2 == 0 {
				return a.anyone().use("/reset", reset, adaNew).Code
			}
			return a.anyone().use("/magic", login).Code
		})
		if codes[http.StatusNoContent]+codes[http.StatusOK] != 1 || codes[http.StatusInternalServerError]+codes[http.StatusServiceUnavailable] > 0 {
			t.Fatalf("%v", codes)
		}
		a.deliver(t)
	}
}

// Of the links that lie in a mailbox, the first that is used voids the others. The way back from a change of address
// stays until it is used, and a pending change does, which waits in another mailbox, but where the account changed hands.
func TestUsingALinkVoidsTheOthers(t *testing.T) { // SEC-107
	t.Parallel()
	for _, c := range []struct {
		name, use string
		verified  bool
		left      string
	}{
		{"the first proof", "/verify", false, "/confirm /undo"},
		{"a second proof", "/verify", true, "/confirm /undo"},
		{"a reset", "/reset", true, "/undo"},
		{"a reset that proves", "/reset", false, "/undo"},
		{"a login", "/magic", true, "/confirm /undo"},
		{"a login that proves", "/magic", false, "/undo"},
		{"a change of address", "/confirm", true, "/undo"},
		{"a change of an address that nobody proved", "/confirm", false, "/undo"},
		{"a change that is undone", "/undo", true, ""},
		{"a change that is undone, of an address that nobody proved", "/undo", false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := newApp(t)
			owner := a.signUp(t)
			tokens := a.links(t, owner)
			if c.verified {
				a.exec(t, `UPDATE ginauth.users SET verified_at = created_at`)
			}
			if left := a.good(t, tokens); left != "/confirm /magic /reset /undo /verify" {
				t.Fatalf("before, %s are good", left)
			}
			if w := owner.use(c.use, tokens[c.use], adaNew); w.Code >= 300 {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			if left := a.good(t, tokens); left != c.left {
				t.Errorf("%q are good, want %q", left, c.left)
			}
		})
	}
}

// good are the paths of the links that still lead somewhere.
func (a *app) good(tb testing.TB, tokens map[string]string) string {
	tb.Helper()
	var good []string
	for path, token := range tokens {
		c := a.anyone()
		if c.get(c.land(tb, path, token)).Code == http.StatusOK {
			good = append(good, path)
		}
	}
	slices.Sort(good)
	return strings.Join(good, " ")
}

func TestSafeMethodsChangeNothing(t *testing.T) { // SEC-85
	t.Parallel()
	a := newApp(t)
	owner := a.signUp(t)
	tokens := a.links(t, owner)
	before := a.dump(t)
	b := a.browser()
	for path, token := range tokens {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodDelete} {
			for _, target := range []string{path + "?token=" + token, path} {
				b.do(httptest.NewRequest(method, target, nil))
			}
		}
	}
	for _, path := range []string{"/forgot", "/resend", "/send", "/email", "/quiet"} {
		b.get(path)
	}
	if after := a.dump(t); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
}

func TestOtherSitesCannotUseLinks(t *testing.T) { // SEC-83, SEC-91
	t.Parallel()
	a := newApp(t)
	a.verified(t)
	token := a.token(t, "/send")
	for name, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example.com"} {
		c := a.anyone()
		c.header = http.Header{name: {value}}
		wantProblem(t, name, c.use("/magic", token), http.StatusForbidden, "cross_origin")
	}
	want(t, "from here", a.anyone().use("/magic", token), http.StatusOK)
}

// together runs the callers at the same time and counts their codes.
func together(callers int, call func(i int) int) map[int]int {
	codes := make([]int, callers)
	gate := make(chan struct{})
	var wg sync.WaitGroup
	for i := range callers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			<-gate
			codes[i] = call(i)
		}()
	}
	close(gate)
	wg.Wait()
	count := map[int]int{}
	for _, code := range codes {
		count[code]++
	}
	return count
}

// dump is all that the database holds, as text.
func (a *app) dump(tb testing.TB) string {
	tb.Helper()
	rows, err := a.pool.Query(tb.Context(), `SELECT tablename FROM pg_tables WHERE schemaname = 'ginauth' ORDER BY 1`)
	if err != nil {
		tb.Fatal(err)
	}
	var tables []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			tb.Fatal(err)
		}
		tables = append(tables, name)
	}
	var b strings.Builder
	for _, name := range tables {
		var text string
		if err := a.pool.QueryRow(tb.Context(), `SELECT COALESCE(string_agg(t::text, E'\n' ORDER BY t::text), '') FROM ginauth.`+name+` AS t`).Scan(&text); err != nil {
			tb.Fatal(err)
		}
		b.WriteString(name + ":\n" + text + "\n")
	}
	return b.String()
}

// An app that has tokens only mounts no Session, which would check the origin.
func TestOtherSitesCannotUseLinksWithoutSessionEither(t *testing.T) { // SEC-83
	t.Parallel()
	a := newApp(t)
	a.verified(t)
	token := a.token(t, "/forgot")
	bare := gin.New()
	bare.POST("/reset", email.ResetPassword(a.mails))
	bare.GET("/reset", email.ResetPassword(a.mails))
	c := newClient(bare)
	page := c.land(t, "/reset", token)
	c.header = http.Header{"Sec-Fetch-Site": {"cross-site"}}
	wantProblem(t, "another site", c.use(page, "", adaNew), http.StatusForbidden, "cross_origin")
	c.header = nil
	want(t, "this site", c.use(page, "", adaNew), http.StatusNoContent)
}

// The fault is the app's, and must not cost the user the link.
func TestAMagicLinkThatCannotLogInIsNotSpent(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	a.verified(t)
	token := a.token(t, "/send")
	bare, keysOnly := gin.New(), gin.New()
	bare.POST("/magic", email.MagicLink(a.mails))
	keysOnly.Use(ginauth.Authenticate(a.cfg, scoped{a}))
	keysOnly.POST("/magic", email.MagicLink(a.mails))
	for name, r := range map[string]*gin.Engine{"no Session": bare, "no sessions": keysOnly} {
		c := newClient(r)
		wantProblem(t, name, c.use("/magic", token), http.StatusInternalServerError, "not_mounted")
	}
	want(t, "where there are sessions", a.anyone().use("/magic", token), http.StatusOK)
}
