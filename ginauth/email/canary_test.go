package email_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/tracelog"

	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/store/storetest"
)

// canary is an app that writes down all that could give a secret away, and every secret that went through it.
type canary struct {
	*app
	trace   *ginauthtest.Log  // what pgx logs, with the arguments of statements
	answers ginauthtest.Log   // problems, and where answers send browsers
	rows    ginauthtest.Log   // what the tables held, without the column password_hash
	hashed  ginauthtest.Log   // password_hash alone
	secrets map[string]string // by what they are
	digests map[string]bool   // in hex, of those secrets that are tokens
	columns map[string]string // where a digest was found
}

func newCanary(t *testing.T) *canary {
	t.Helper()
	c := &canary{trace: &ginauthtest.Log{}, secrets: map[string]string{}, digests: map[string]bool{}, columns: map[string]string{}}
	c.app = newFull(t, traced(t, storetest.NewDB(t), &tracelog.TraceLog{
		LogLevel: tracelog.LogLevelTrace,
		Logger: tracelog.LoggerFunc(func(_ context.Context, level tracelog.LogLevel, msg string, data map[string]any) {
			_, _ = fmt.Fprintln(c.trace, level, msg, data)
		}),
	}))
	inner := c.Engine
	c.Engine = gin.New()
	c.Use(gin.RecoveryWithWriter(c.log), func(g *gin.Context) { c.serve(inner, g.Writer, g.Request); g.Abort() })
	c.NoRoute(func(*gin.Context) {})
	return c
}

// serve passes a request on and keeps what the answer says.
func (c *canary) serve(h http.Handler, w http.ResponseWriter, r *http.Request) {
	rec := send(h, r)
	maps.Copy(w.Header(), rec.Header())
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes())
	_, _ = fmt.Fprintln(&c.answers, rec.Header().Get("Location"), rec.Header().Values("WWW-Authenticate"))
	if rec.Code >= http.StatusBadRequest || strings.HasPrefix(rec.Header().Get("Content-Type"), "text/html") {
		_, _ = fmt.Fprintln(&c.answers, rec.Body)
	}
	for _, k := range rec.Result().Cookies() {
		if len(k.Value) == 43 {
			c.token("cookie "+k.Name, k.Value)
		}
	}
}

// password is a new secret that nothing else looks like.
func (c *canary) password(what string) string {
	c.secrets[what] = fmt.Sprintf("yellow bird %d/+&=? of %s", len(c.secrets), what)
	return c.secrets[what]
}

// token adds a secret that is looked up by its digest.
func (c *canary) token(what, value string) string {
	c.secrets[fmt.Sprintf("%s %d", what, len(c.secrets))] = value
	raw, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil {
		raw = []byte(value)
	}
	for _, form := range [][]byte{[]byte(value), raw} {
		sum := sha256.Sum256(form)
		c.digests[hex.EncodeToString(sum[:])] = true
	}
	return value
}

// look writes down what the tables hold now, and in which columns there is a digest.
func (c *canary) look(t *testing.T) {
	t.Helper()
	rows, err := c.pool.Query(t.Context(), `SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = 'ginauth' ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	var tables []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		tables = append(tables, name)
	}
	for _, table := range tables {
		rows, err := c.pool.Query(t.Context(), `SELECT f.key, COALESCE(f.value, '') FROM ginauth.`+table+` AS t, jsonb_each_text(to_jsonb(t)) AS f`)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var column, value string
			if err := rows.Scan(&column, &value); err != nil {
				t.Fatal(err)
			}
			c.note(table+"."+column, value)
		}
		if rows.Err() != nil {
			t.Fatal(rows.Err())
		}
	}
}

func (c *canary) note(column, value string) {
	if column == "users.password_hash" {
		_, _ = fmt.Fprintln(&c.hashed, value)
		if value != "" {
			c.secrets["hash "+value[:min(len(value), 60)]] = value
		}
		return
	}
	_, _ = fmt.Fprintln(&c.rows, column, value)
	if digest, isBytes := strings.CutPrefix(value, `\x`); isBytes && c.digests[digest] {
		c.columns[column] = digest
	}
}

// forms are how a secret could be written down.
func forms(secret string) []string {
	quoted, _ := json.Marshal(secret)
	list := []string{secret, url.QueryEscape(secret), url.PathEscape(secret), strings.Trim(string(quoted), `"`)}
	parts := [][]byte{[]byte(secret)}
	if raw, err := base64.RawURLEncoding.DecodeString(secret); err == nil {
		parts = append(parts, raw, raw[len(raw)/3:]) // a refresh token's secret is its last two thirds
	}
	for _, p := range parts {
		list = append(list, hex.EncodeToString(p), strings.ToUpper(hex.EncodeToString(p)), base64.RawURLEncoding.EncodeToString(p),
			base64.RawStdEncoding.EncodeToString(p), string(p), strings.Trim(fmt.Sprintf("%d", p), "[]"))
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// leaks are the secrets that a text holds in any form.
func (c *canary) leaks(text string, but ...string) (found []string) {
	for what, secret := range c.secrets {
		if slices.ContainsFunc(but, func(kind string) bool { return strings.HasPrefix(what, kind) }) {
			continue
		}
		if slices.ContainsFunc(forms(secret), func(form string) bool { return strings.Contains(text, form) }) {
			found = append(found, what)
		}
	}
	return found
}

func (c *canary) check(t *testing.T) {
	t.Helper()
	for place, text := range map[string]string{"the log": c.log.String(), "an answer": c.answers.String(), "a table": c.rows.String()} {
		if found := c.leaks(text); len(found) > 0 {
			t.Errorf("%s holds %q", place, found)
		}
	}
	// Statements carry hashes to where they belong; who logs their arguments logs those.
	for place, text := range map[string]string{"pgx's log": c.trace.String(), "password_hash": c.hashed.String()} {
		if found := c.leaks(text, "hash "); len(found) > 0 {
			t.Errorf("%s holds %q", place, found)
		}
	}
	for column := range c.columns {
		if name := column[strings.Index(column, ".")+1:]; !slices.Contains([]string{"digest", "previous_digest", "selector"}, name) {
			t.Errorf("%s holds a token's digest", column)
		}
	}
}

func (c *canary) send(t *testing.T, who *client, status int, path string, fields map[string]string) *httptest.ResponseRecorder {
	t.Helper()
	body, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	w := who.post(path, string(body))
	want(t, path, w, status)
	c.look(t)
	return w
}
