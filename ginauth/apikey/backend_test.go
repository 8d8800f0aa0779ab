package apikey_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/apikey"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/internal/built"
)

func TestKeyAuthenticatesItsUser(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	c := app.signUp(t, ada)
	app.signUp(t, grace)
	m := c.create(t, `{"name":"backup","scopes":["read","read","admin:keys"]}`)
	for name, h := range map[string]http.Header{
		"Bearer":                 {"Authorization": {"Bearer " + m.Key}},
		"named":                  {"X-Api-Key": {m.Key}},
		"both":                   {"X-Api-Key": {m.Key}, "Authorization": {"Bearer " + m.Key}},
		"bearer":                 {"Authorization": {"bearer " + m.Key}}, // SEC-102
		"BEARER":                 {"Authorization": {"BEARER " + m.Key}},
		"bEaReR":                 {"Authorization": {"bEaReR   " + m.Key}},
		"blanks":                 {"Authorization": {"Bearer" + strings.Repeat(" ", 40) + m.Key}},
		"both, in small letters": {"X-Api-Key": {m.Key}, "Authorization": {"bearer  " + m.Key}},
		"basic":                  {"X-Api-Key": {m.Key}, "Authorization": {"Basic YTpi"}},
	} {
		if w := app.with(h); w.Code != http.StatusOK || w.Body.Len() != 36 {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	var p ginauth.Principal[user]
	app.GET("/api/capture", authenticate(apikey.Backend(app.keys)), func(c *gin.Context) { p = principal(c) })
	r := httptest.NewRequest(http.MethodGet, "/api/capture", nil)
	r.Header.Set("X-API-Key", m.Key)
	app.ServeHTTP(httptest.NewRecorder(), r)
	record, ok := p.Credential.(driver.APIKey)
	if !ok || record.ID != m.ID || record.UserID != p.User.ID || p.User.Name != "Ada Lovelace" || !p.AuthenticatedAt.IsZero() {
		t.Errorf("%+v", p)
	}
	if diff := cmp.Diff([]string{"admin:keys", "read"}, p.Scopes); diff != "" {
		t.Error(diff)
	}
}

func TestKeyWithoutScopesHasNoneRatherThanAll(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	m := app.signUp(t, ada).create(t, `{"name":"a"}`)
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	c.Request = httptest.NewRequest(http.MethodGet, "/", nil)
	c.Request.Header.Set("X-API-Key", m.Key)
	p, err := apikey.Backend(app.keys).Authenticate(c)
	if err != nil || p.Scopes == nil || len(p.Scopes) != 0 {
		t.Errorf("%#v, %v", p.Scopes, err)
	}
}

// What the headers hold decides; the database is not asked for any of these.
func TestHeadersAreReadStrictly(t *testing.T) { // SEC-52, SEC-102
	t.Parallel()
	var asked stubStore
	b := apikey.Backend(built.Keys(options{NoSessions: true}, keyOptions{Store: &asked}))
	good, other := newKey(t, "gak_").Reveal(), newKey(t, "gak_").Reveal()
	none, bad := ginauth.ErrNoCredentials, ginauth.ErrBadCredentials
	for name, test := range map[string]struct {
		h    http.Header
		want error
	}{
		"nothing":                {http.Header{}, none},
		"basic":                  {http.Header{"Authorization": {"Basic " + good}}, none},
		"JWT":                    {http.Header{"Authorization": {"Bearer eyJhbGciOiJub25lIn0.e30."}}, none},
		"empty":                  {http.Header{"Authorization": {""}}, none},
		"scheme alone":           {http.Header{"Authorization": {"Bearer"}}, none},
		"no scheme":              {http.Header{"Authorization": {good}}, none},
		"another prefix":         {http.Header{"Authorization": {"Bearer ghp_" + good[4:]}}, none},
		"two JWTs":               {http.Header{"Authorization": {"Bearer eyJ", "Bearer eyK"}}, none},
		"no blank":               {http.Header{"Authorization": {"Bearer" + good}}, bad},
		"two blanks, typo":       {http.Header{"Authorization": {"Bearer  " + good + "x"}}, bad},
		"blank and tab":          {http.Header{"Authorization": {"Bearer \t" + good}}, bad},
		"tab and blank":          {http.Header{"Authorization": {"Bearer\t " + good}}, bad},
		"tab":                    {http.Header{"Authorization": {"Bearer\t" + good}}, bad},
		"lower-case, no blank":   {http.Header{"Authorization": {"bearer" + good}}, bad},
		"another scheme":         {http.Header{"Authorization": {"bearers " + good}}, none},
		"blank at the end":       {http.Header{"Authorization": {"Bearer " + good + " "}}, bad},
		"two in one":             {http.Header{"Authorization": {"Bearer " + good + ", Bearer " + other}}, bad},
		"NUL":                    {http.Header{"Authorization": {"Bearer gak_\x00"}}, bad},
		"prefix alone":           {http.Header{"Authorization": {"Bearer gak_"}}, bad},
		"typo":                   {http.Header{"Authorization": {"Bearer " + good[:len(good)-1] + "-"}}, bad},
		"long":                   {http.Header{"Authorization": {"Bearer gak_" + strings.Repeat("a.", 1<<19)}}, bad},
		"two headers":            {http.Header{"Authorization": {"Bearer " + good, "Bearer " + good}}, bad},
		"a JWT before it":        {http.Header{"Authorization": {"Bearer eyJ", "Bearer " + good}}, bad},
		"named empty":            {http.Header{"X-Api-Key": {""}}, bad},
		"named malformed":        {http.Header{"X-Api-Key": {"hunter2"}}, bad},
		"named with scheme":      {http.Header{"X-Api-Key": {"Bearer " + good}}, bad},
		"named with blank":       {http.Header{"X-Api-Key": {" " + good}}, bad},
		"named of other prefix":  {http.Header{"X-Api-Key": {"ghp_" + good[4:]}}, bad},
		"named twice":            {http.Header{"X-Api-Key": {good, good}}, bad},
		"both, different blanks": {http.Header{"X-Api-Key": {good}, "Authorization": {"bearer  " + other}}, bad},
		"both, no blank":         {http.Header{"X-Api-Key": {good}, "Authorization": {"Bearer" + good}}, bad},
		"both, different":        {http.Header{"X-Api-Key": {good}, "Authorization": {"Bearer " + other}}, bad},
		"both, one malformed":    {http.Header{"X-Api-Key": {good}, "Authorization": {"Bearer gak_x"}}, bad},
		"both, one a JWT":        {http.Header{"X-Api-Key": {good}, "Authorization": {"Bearer eyJ"}}, bad},
		"both, scheme alone":     {http.Header{"X-Api-Key": {good}, "Authorization": {"Bearer"}}, bad},
		"both, two of the other": {http.Header{"X-Api-Key": {good}, "Authorization": {"Bearer " + good, "Bearer " + good}}, bad},
	} {
		c, _ := gin.CreateTestContext(httptest.NewRecorder())
		c.Request = httptest.NewRequest(http.MethodGet, "/", nil)
		c.Request.Header = test.h
		if _, err := b.Authenticate(c); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
	if asked.calls != 0 {
		t.Errorf("the store was asked %d times", asked.calls)
	}
}

// It measures what the whole process allocates, so it runs by itself.
func TestOversizedHeadersCostNothing(t *testing.T) { //nolint:paralleltest // see above; SEC-101
	b := apikey.Backend(built.Keys(options{NoSessions: true, Logger: quiet}, keyOptions{Store: &stubStore{}}))
	huge := strings.Repeat("a.", 1<<19)
	for name, h := range map[string]http.Header{
		"JWT":    {"Authorization": {"Bearer " + huge}},
		"key":    {"Authorization": {"Bearer gak_" + huge}},
		"named":  {"X-Api-Key": {huge}},
		"both":   {"Authorization": {"Bearer " + huge}, "X-Api-Key": {huge}},
		"blanks": {"Authorization": {"Bearer" + strings.Repeat(" ", 1<<20)}},
	} {
		c, _ := gin.CreateTestContext(httptest.NewRecorder())
		c.Request = httptest.NewRequest(http.MethodGet, "/", nil)
		c.Request.Header = h
		const runs = 10
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range runs {
			if _, err := b.Authenticate(c); err == nil {
				t.Fatalf("%s is accepted", name)
			}
		}
		runtime.ReadMemStats(&after)
		if bytes := (after.TotalAlloc - before.TotalAlloc) / runs; bytes > 64<<10 {
			t.Errorf("%s: %d bytes a request", name, bytes)
		}
	}
}

func FuzzHeaders(f *testing.F) { // SEC-102
	var asked stubStore
	good := newKey(f, "gak_").Reveal()
	f.Add("Bearer "+good, "")
	f.Add("bearer  "+good, good)
	f.Add("", "\x00")
	f.Add("Bearer eyJ.e30.", "gak_")
	b := apikey.Backend(built.Keys(options{NoSessions: true, Logger: quiet}, keyOptions{Store: &asked}))
	f.Fuzz(func(t *testing.T, authorization, named string) {
		c, _ := gin.CreateTestContext(httptest.NewRecorder())
		c.Request = httptest.NewRequest(http.MethodGet, "/", nil)
		c.Request.Header = http.Header{"Authorization": {authorization}}
		if named != "" {
			c.Request.Header["X-Api-Key"] = []string{named}
		}
		asked.calls = 0
		_, err := b.Authenticate(c)
		_, bearer := apikey.ParseKey("gak_", strings.TrimLeft(authorization[min(len(authorization), len("Bearer ")):], " "))
		_, key := apikey.ParseKey("gak_", named)
		switch {
		case asked.calls > 0 && !bearer && !key:
			t.Error("the store was asked for what is no key")
		case !errors.Is(err, ginauth.ErrNoCredentials) && !errors.Is(err, ginauth.ErrBadCredentials):
			t.Errorf("%v", err)
		case errors.Is(err, ginauth.ErrNoCredentials) && named != "":
			t.Error("X-API-Key was left to others")
		}
	})
}

func TestKeyIsNeverReadFromURLCookieOrBody(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	key := app.signUp(t, ada).create(t, `{"name":"a"}`).Key
	r := formRequest("/api/whoami?access_token="+key+"&api_key="+key+"&x-api-key="+key, "access_token="+key+"&api_key="+key)
	for _, name := range []string{"X-API-Key", "api_key", "Authorization", "apiKey"} {
		r.AddCookie(&http.Cookie{Name: name, Value: key})
	}
	wantProblem(t, "elsewhere", send(app, r), http.StatusUnauthorized, "unauthenticated")
}

func TestBadKeyIsReportedByItsDigestsBeginningOnly(t *testing.T) { // SEC-160
	t.Parallel()
	app := newApp(t)
	key := newKey(t, "gak_")
	r := gin.New()
	r.Use(ginauth.Authenticate(app.cfg, apikey.Backend(app.keys)))
	for _, sent := range []string{key.Reveal(), "gak_hunter2"} {
		request := httptest.NewRequest(http.MethodGet, "/", nil)
		request.Header.Set("X-API-Key", sent)
		wantProblem(t, sent[:4], send(r, request), http.StatusUnauthorized, "bad_credentials")
	}
	var reasons []string
	for _, event := range app.log.Events("authn_credentials_fail") {
		reason, _ := event["reason"].(string)
		reasons = append(reasons, reason)
	}
	if len(reasons) != 2 || !strings.Contains(reasons[0], key.Digest().String()) || !strings.HasSuffix(reasons[1], "malformed API key") {
		t.Errorf("reasons %q", reasons)
	}
	if log := app.log.String(); strings.Contains(log, key.Reveal()[4:]) || strings.Contains(log, "hunter2") {
		t.Error("the log has what was sent")
	}
}

func TestKeyEndsWithTimeAndAccount(t *testing.T) { // SEC-76
	t.Parallel()
	app := newApp(t)
	c := app.signUp(t, ada)
	key, short := c.create(t, `{"name":"a"}`).Key, c.create(t, `{"name":"b","expires_in_days":1}`).Key
	works := func(what string, key string, want bool) {
		t.Helper()
		w := app.use(key)
		if want && w.Code != http.StatusOK {
			t.Errorf("%s: %d %s", what, w.Code, w.Body)
		}
		if !want {
			wantProblem(t, what, w, http.StatusUnauthorized, "bad_credentials")
		}
	}
	app.clock.Advance(24*time.Hour - time.Second)
	works("a second before its end", short, true)
	app.clock.Advance(time.Second)
	works("at its end", short, false)
	works("the other", key, true)
	app.exec(t, `UPDATE ginauth.users SET disabled_at = now()`)
	works("disabled", key, false)
	app.exec(t, `UPDATE ginauth.users SET disabled_at = NULL`)
	works("enabled again", key, true)
	var id driver.UserID
	if err := app.pool.QueryRow(t.Context(), `SELECT id::text FROM ginauth.users`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	if err := app.db.RevokeUserSessions(t.Context(), id, ""); err != nil {
		t.Fatal(err)
	}
	works("after logging out everywhere", key, true)
	app.exec(t, `UPDATE ginauth.users SET password_hash = NULL, session_epoch = session_epoch + 1`)
	works("after a change of the password", key, true)
	app.exec(t, `DELETE FROM ginauth.users`)
	works("deleted", key, false)
	if n := app.count(t, `SELECT count(*) FROM ginauth.api_keys`); n != 0 {
		t.Errorf("%d keys are left", n)
	}
}

func TestStoreThatForgetsTheDisabledIsNotBelieved(t *testing.T) { // SEC-76
	t.Parallel()
	at := time.Now()
	for name, u := range map[string]user{"disabled": {ID: "1", DisabledAt: &at}, "nobody": {}} {
		b := apikey.Backend(built.Keys(options{NoSessions: true, Logger: quiet}, keyOptions{Store: &stubStore{user: &u}}))
		c, _ := gin.CreateTestContext(httptest.NewRecorder())
		c.Request = httptest.NewRequest(http.MethodGet, "/", nil)
		c.Request.Header.Set("X-API-Key", newKey(t, "gak_").Reveal())
		if p, err := b.Authenticate(c); !errors.Is(err, ginauth.ErrBadCredentials) || p.User.ID != "" {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
}

func TestUseIsWrittenDownOncePerInterval(t *testing.T) {
	t.Parallel()
	app := newApp(t, func(k *keyOptions) { k.TouchEvery = 10 * time.Minute })
	c := app.signUp(t, ada)
	key := c.create(t, `{"name":"a"}`).Key
	if used := c.list(t)[0].LastUsedAt; !used.IsZero() {
		t.Errorf("an unused key was used at %s", used)
	}
	first := app.clock.Now()
	app.use(key)
	app.clock.Advance(10*time.Minute - time.Second)
	app.use(key)
	if used := c.list(t)[0].LastUsedAt; !used.Equal(first.Truncate(time.Microsecond)) {
		t.Errorf("within the interval: %s, want %s", used, first)
	}
	app.clock.Advance(time.Second)
	app.use(key)
	if used := c.list(t)[0].LastUsedAt; !used.Equal(app.clock.Now().Truncate(time.Microsecond)) {
		t.Errorf("after it: %s, want %s", used, app.clock.Now())
	}
}

func TestKeyUsedJustNowCostsNoWrite(t *testing.T) {
	t.Parallel()
	for idle, want := range map[time.Duration]int{0: 0, time.Minute - 1: 0, time.Minute: 1, time.Hour: 1} {
		stub := stubStore{user: &user{ID: "1"}, idle: idle}
		c, _ := gin.CreateTestContext(httptest.NewRecorder())
		c.Request = httptest.NewRequest(http.MethodGet, "/", nil)
		c.Request.Header.Set("X-API-Key", newKey(t, "gak_").Reveal())
		_, err := apikey.Backend(built.Keys(options{NoSessions: true}, keyOptions{Store: &stub})).Authenticate(c)
		if err != nil || stub.calls != 1 || stub.touches != want {
			t.Errorf("idle for %s: %d lookups and %d writes, want 1 and %d; %v", idle, stub.calls, stub.touches, want, err)
		}
	}
}

func TestSchemeDescribesTheKey(t *testing.T) {
	t.Parallel()
	b := apikey.Backend(built.Keys(options{NoSessions: true}, keyOptions{Store: &stubStore{}, Prefix: "acme_"}))
	want := ginauth.Scheme{
		Name: "apiKey", Type: "http", HTTP: "bearer", BearerFormat: "API key", Prefix: "acme_", Scoped: true,
		Description: "An API key, which begins with acme_. The header X-API-Key takes it too.",
	}
	if diff := cmp.Diff(want, b.Scheme()); diff != "" {
		t.Error(diff)
	}
}
