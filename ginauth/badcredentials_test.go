package ginauth_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/apikey"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/ginauth/jwt"
	"github.com/ginauth/ginauth/ginauth/refresh"
)

// doors are an app with every kind of credentials, whose limits are those that are on by default.
type doors struct {
	*app
	api    *gin.Engine
	key    string
	tokens jwt.Answer
}

func newDoors(t *testing.T) *doors {
	t.Helper()
	d := &doors{app: newApp(t, with(limited)), api: gin.New()}
	key, err := jwt.Generate("2030-01", jwt.EdDSA)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := jwt.NewRing(key)
	if err != nil {
		t.Fatal(err)
	}
	const here = "https://api.example.com"
	flow := built.Tokens(d.cfg, jwt.Options[user]{Issuer: jwt.NewIssuer(jwt.IssuerOptions{Keys: ring, Issuer: here, Audiences: []string{here}, Now: d.clock.Now})})
	options := jwt.BackendOptions[user]{Accept: jwt.Accept{Issuers: []jwt.Trust{{Issuer: here, Keys: ring}}, Audiences: []string{here}, Now: d.clock.Now}, Users: d.db}
	d.POST("/api-keys", apikey.Create(keysOf(d.cfg)))
	d.api.POST("/token", jwt.Token(flow))
	d.api.POST("/refresh", jwt.Refresh(flow))
	d.api.Use(ginauth.Authenticate(built.Config(d.cfg), apikey.Backend(keysOf(d.cfg)), jwt.Bearer(built.Config(d.cfg), options)))
	d.api.GET("/user", ginauth.Require(ginauth.AnyScope()), ginauth.Me(built.Config(d.cfg)))

	browser := d.owner(t, ada)
	d.exec(t, "UPDATE ginauth.users SET verified_at = created_at")
	var made struct{ Key string }
	if err := json.Unmarshal(browser.post("/api-keys", `{"name":"all"}`).Body.Bytes(), &made); err != nil || made.Key == "" {
		t.Fatal(err)
	}
	d.key = made.Key
	d.tokens = d.answer(t, d.form("10.8.0.1", "/token", "grant_type=password&username=ada@example.com&password="+url.QueryEscape(adasOld)))
	return d
}

func (d *doors) answer(t *testing.T, w *httptest.ResponseRecorder) (a jwt.Answer) {
	t.Helper()
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return a
}

func (d *doors) form(addr, path, body string) *httptest.ResponseRecorder {
	return (&client{handler: d.api}).do(from(addr, formRequest(path, body)))
}

func (d *doors) with(addr, header, value string) *httptest.ResponseRecorder {
	r := from(addr, httptest.NewRequest(http.MethodGet, "/user", nil))
	r.Header.Set(header, value)
	return (&client{handler: d.api}).do(r)
}

// SEC-47: who tries keys and tokens is slowed down, by address and at no cost to the database, and nobody whose
// credentials are good is refused for it.
func TestBadCredentialsAreLimitedPerAddress(t *testing.T) {
	t.Parallel()
	for name, try := range map[string]func(t *testing.T, d *doors, addr string, n int) *httptest.ResponseRecorder{
		"unknown key": func(t *testing.T, d *doors, addr string, _ int) *httptest.ResponseRecorder {
			t.Helper()
			return d.with(addr, "X-API-Key", otherKey(t, d.key))
		},
		"malformed key": func(t *testing.T, d *doors, addr string, n int) *httptest.ResponseRecorder {
			t.Helper()
			return d.with(addr, "X-API-Key", strconv.Itoa(n))
		},
		"malformed token": func(t *testing.T, d *doors, addr string, n int) *httptest.ResponseRecorder {
			t.Helper()
			return d.with(addr, "Authorization", fmt.Sprintf("Bearer a.b.%d", n))
		},
		"forged token": func(t *testing.T, d *doors, addr string, _ int) *httptest.ResponseRecorder {
			t.Helper()
			return d.with(addr, "Authorization", "Bearer "+d.tokens.AccessToken[:len(d.tokens.AccessToken)-4]+"AAAA")
		},
		"unknown refresh": func(t *testing.T, d *doors, addr string, _ int) *httptest.ResponseRecorder {
			t.Helper()
			return d.form(addr, "/refresh", "refresh_token="+refresh.New().Reveal())
		},
		"malformed refresh": func(t *testing.T, d *doors, addr string, n int) *httptest.ResponseRecorder {
			t.Helper()
			return d.form(addr, "/token", fmt.Sprintf("grant_type=refresh_token&refresh_token=%d", n))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDoors(t)
			written := d.count(t, `SELECT (SELECT count(*) FROM ginauth.throttles) + (SELECT count(*) FROM ginauth.events)`)
			refused := 0
			for n := range 60 {
				w := try(t, d, "10.8.0.1", n)
				switch {
				case w.Code == http.StatusTooManyRequests:
					if retryAfter(t, w) > time.Minute {
						t.Errorf("wait for %s", w.Header().Get("Retry-After"))
					}
					refused++
				case w.Code != http.StatusUnauthorized && w.Code != http.StatusBadRequest, refused > 1: // one comes back every 3 s
					t.Errorf("the %dth: %d %s", n+1, w.Code, w.Body)
				}
			}
			if refused < 30 || refused > 40 {
				t.Errorf("%d of 60 were refused", refused)
			}
			if w := try(t, d, "10.8.0.2", 0); w.Code == http.StatusTooManyRequests {
				t.Errorf("elsewhere: %d %s", w.Code, w.Body)
			}
			d.neighboursGetIn(t)
			if n := d.count(t, `SELECT (SELECT count(*) FROM ginauth.throttles) + (SELECT count(*) FROM ginauth.events)`); n > written+1 { // the good refresh is an event
				t.Errorf("%d rows were written", n-written)
			}
		})
	}
}

func (d *doors) neighboursGetIn(t *testing.T) {
	t.Helper()
	for header, value := range map[string]string{"X-API-Key": d.key, "Authorization": "Bearer " + d.tokens.AccessToken} {
		if w := d.with("10.8.0.1", header, value); w.Code != http.StatusOK {
			t.Errorf("a neighbour's good %s: %d %s", header, w.Code, w.Body)
		}
	}
	d.answer(t, d.form("10.8.0.1", "/refresh", "refresh_token="+url.QueryEscape(d.tokens.RefreshToken)))
	d.clock.Advance(time.Hour)
	for range 30 { // an app finds out in this way that it has to refresh
		if w := d.with("10.8.0.1", "Authorization", "Bearer "+d.tokens.AccessToken); w.Code != http.StatusUnauthorized {
			t.Fatalf("a neighbour's expired token: %d %s", w.Code, w.Body)
		}
	}
}

// otherKey has the form of a key, and nobody has it.
func otherKey(t *testing.T, key string) string {
	t.Helper()
	other, err := apikey.NewKey(key[:strings.LastIndexByte(key, '_')+1])
	if err != nil {
		t.Fatal(err)
	}
	return other.Reveal()
}
