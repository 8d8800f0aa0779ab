package apikey_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/apikey"
)

// A key must be nowhere but in the answer that shows it: not in the log, not in the database,
// not in what handlers get, in none of the usual spellings.
func TestKeyLeavesNoTrace(t *testing.T) { // SEC-19, SEC-50, SEC-160
	t.Parallel()
	app := newApp(t)
	c := app.signUp(t, ada)
	var seen strings.Builder
	app.GET("/api/show", authenticate(apikey.Backend(app.keys)), func(c *gin.Context) {
		p := principal(c)
		fmt.Fprintf(&seen, "%v %+v %#v\n", p, p, p)
		c.JSON(http.StatusOK, p)
	})
	app.GET("/api/broken", authenticate(apikey.Backend(app.keys)), func(c *gin.Context) {
		ginauth.Fail(c, fmt.Errorf("using %+v: %w", principal(c).Credential, errBroken))
	})
	m := c.create(t, `{"name":"a","scopes":["s"]}`)
	for _, path := range []string{"/api/show", "/api/broken", "/api/whoami", "/api/principal"} {
		r := jsonRequest(path, "")
		r.Method = http.MethodGet
		r.Header.Set("Authorization", "Bearer "+m.Key)
		seen.WriteString(c.do(r).Body.String())
	}
	seen.WriteString(app.use(m.Key + "0").Body.String())
	seen.WriteString(c.send(http.MethodGet, "/api-keys").Body.String())
	seen.WriteString(c.send(http.MethodDelete, "/api-keys/"+string(m.ID)+"0").Body.String())
	seen.WriteString(app.log.String())
	rows := app.dump(t)
	if !strings.Contains(rows, m.Start) || !strings.Contains(rows, digestHex(m.Key)) {
		t.Fatal("the dump is not of the keys")
	}
	c.send(http.MethodDelete, "/api-keys/"+string(m.ID))
	seen.WriteString(app.use(m.Key).Body.String())
	seen.WriteString(app.log.String())
	secret := m.Key[len(m.Start):]
	for place, text := range map[string]string{"log or answers": seen.String(), "database": rows} {
		for _, spelling := range []string{
			secret, m.Key, hex.EncodeToString([]byte(m.Key)), base64.StdEncoding.EncodeToString([]byte(m.Key)),
			base64.RawURLEncoding.EncodeToString([]byte(secret)), url.QueryEscape(m.Key), hex.EncodeToString([]byte(secret)),
		} {
			if strings.Contains(text, spelling) {
				t.Errorf("the key is in the %s", place)
			}
		}
	}
	if strings.Contains(seen.String(), digestHex(m.Key)) {
		t.Error("the digest is in the log or an answer")
	}
}

func digestHex(key string) string {
	k, _ := apikey.ParseKey("gak_", key)
	d := k.Digest()
	return hex.EncodeToString(d[:])
}

// dump returns every row of every table as text.
func (a *app) dump(tb testing.TB) string {
	tb.Helper()
	var all strings.Builder
	for _, table := range []string{"users", "sessions", "session_epoch", "api_keys"} {
		var rows string
		if err := a.pool.QueryRow(tb.Context(), `SELECT COALESCE(string_agg(t::text, E'\n'), '') FROM ginauth.`+table+` AS t`).Scan(&rows); err != nil {
			tb.Fatal(err)
		}
		all.WriteString(rows + "\n")
	}
	return all.String()
}
