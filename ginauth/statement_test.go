package ginauth_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/store/storetest"
)

// sent is everything that goes to the database.
type sent struct {
	mu         sync.Mutex
	statements int
	text       strings.Builder
	arguments  [][]byte
}

func (s *sent) note(sql string, args []any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.statements++
	fmt.Fprintln(&s.text, sql, args)
	for _, arg := range args {
		if b, ok := arg.([]byte); ok {
			s.arguments = append(s.arguments, b)
		}
	}
}

func (s *sent) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	s.note(d.SQL, d.Args)
	return ctx
}

func (s *sent) TraceBatchQuery(_ context.Context, _ *pgx.Conn, d pgx.TraceBatchQueryData) {
	s.note(d.SQL, d.Args)
}

func (*sent) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
func (*sent) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}
func (*sent) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

func (s *sent) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.statements
}

func newTracedApp(t *testing.T) (*app, *sent) {
	t.Helper()
	s := &sent{}
	pool := storetest.NewDB(t, storetest.WithConfig(func(cfg *pgxpool.Config) { cfg.ConnConfig.Tracer = s }))
	return newAppOn(t, pool, managing, with(func(cfg *config) { cfg.Exclude = append(cfg.Exclude, "/lazy") }), routes(func(r *gin.Engine, _ config) {
		r.GET("/lazy", func(c *gin.Context) {
			if _, err := ginauth.CurrentUser[user](c); err != nil {
				c.Status(http.StatusNoContent)
			}
		})
	})), s
}

// The database is asked by the token's SHA-256 alone, so that how long it compares says nothing
// of the token, and its log and its memory never hold one.
func TestSessionsAreLookedUpByTheirDigest(t *testing.T) { // SEC-50, SEC-51
	t.Parallel()
	app, sent := newTracedApp(t)
	c := app.signUp(t, ada)
	tokens := []string{c.value}
	c.get("/user")
	for _, path := range []string{"/login", "/renew", "/reauthenticate"} {
		if w := c.post(path, adaIn); w.Code >= http.StatusBadRequest {
			t.Fatalf("%s: %d %s", path, w.Code, w.Body)
		}
		tokens = append(tokens, c.value)
		c.get("/lazy")
	}
	c.delete("/sessions/" + string(c.devices(t)[0].ID))
	c.post("/logout", "")
	for _, token := range tokens {
		raw, _ := base64.RawURLEncoding.DecodeString(token)
		digest, asked := sha256.Sum256(raw), false
		for _, arg := range sent.arguments {
			asked = asked || bytes.Equal(arg, digest[:])
			if bytes.Contains(arg, raw) || bytes.Contains(arg, []byte(token)) {
				t.Errorf("a statement has the token %s", token)
			}
		}
		if !asked {
			t.Errorf("no statement has the digest of %s", token)
		}
		for _, spelling := range spellings(t, token) {
			if strings.Contains(sent.text.String(), spelling) {
				t.Errorf("a statement has %s", spelling)
			}
		}
	}
}

// What cannot be a token is no session, and costs the database nothing.
func TestMalformedTokensAskTheDatabaseNothing(t *testing.T) { // SEC-52
	t.Parallel()
	app, sent := newTracedApp(t)
	good := app.signUp(t, ada).value
	before := sent.count()
	for _, bad := range []string{
		"", "x", good[1:], good + "A", good + "=", good[:42] + "*", strings.Repeat("+", 43),
		strings.Repeat("A", 42) + "B", strings.Repeat("A", 4096), good[:20] + "%0a" + good[21:],
	} {
		for path, want := range map[string]int{"/user": http.StatusUnauthorized, "/lazy": http.StatusNoContent} {
			if w := (&client{handler: app, value: bad}).get(path); w.Code != want {
				t.Errorf("%s with %q: %d", path, bad, w.Code)
			}
		}
	}
	if n := sent.count() - before; n != 0 {
		t.Errorf("%d statements", n)
	}
	if w := (&client{handler: app, value: good}).get("/user"); w.Code != http.StatusOK || sent.count() != before+1 {
		t.Errorf("the token itself: %d, %d statements", w.Code, sent.count()-before)
	}
}
