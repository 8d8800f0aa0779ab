package ginauth_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/gin-gonic/gin/binding"
	"github.com/go-playground/locales/de"
	ut "github.com/go-playground/universal-translator"
	"github.com/go-playground/validator/v10"
	translations "github.com/go-playground/validator/v10/translations/de"
	"github.com/google/go-cmp/cmp"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/flow"
	"github.com/ginauth/ginauth/ginauth/internal/built"
)

// early is what middleware in front of a handler does to a body.
var early = map[string]gin.HandlerFunc{
	"not at all":                     func(*gin.Context) {},
	"c.PostForm":                     func(c *gin.Context) { c.PostForm("csrf") },
	"ParseForm":                      func(c *gin.Context) { _ = c.Request.ParseForm() },
	"FormValue":                      func(c *gin.Context) { _ = c.Request.FormValue("csrf") },
	"ShouldBindBodyWith":             func(c *gin.Context) { _ = c.ShouldBindBodyWith(&struct{}{}, binding.JSON) },
	"c.PostForm, ShouldBindBodyWith": func(c *gin.Context) { c.PostForm("csrf"); _ = c.ShouldBindBodyWith(&struct{}{}, binding.JSON) },
	"ShouldBindBodyWith, c.PostForm": func(c *gin.Context) { _ = c.ShouldBindBodyWith(&struct{}{}, binding.JSON); c.PostForm("csrf") },
	"c.PostForm, then closes the body": func(c *gin.Context) {
		if c.PostForm("email") != "" {
			_ = c.Request.Body.Close()
		}
	},
	"reads all and puts the bytes back": func(c *gin.Context) {
		b, _ := io.ReadAll(c.Request.Body)
		c.Request.Body = io.NopCloser(strings.NewReader(string(b)))
	},
}

func TestABodyReadByEarlierMiddlewareIsNotLost(t *testing.T) {
	t.Parallel()
	const (
		form = "application/x-www-form-urlencoded"
		good = "email=ada%40example.com&password=correct+horse+battery+staple"
	)
	cases := []struct {
		kind, body string
		status     int
	}{
		{form, good, 200},
		{form, good + "&csrf=x", 200},
		{"application/json", adaIn, 200},
		{form, good + "&email=b%40example.com", 400},
		{form, good + "&x=%00", 400},
		{form, good + "&x=%ff", 400},
		{form, good + "&x=" + strings.Repeat("a", 17<<10), 413},
		{"application/json", `{"email":"` + strings.Repeat("a", 17<<10) + `"}`, 413},
		{"application/json", `{"email":"ada@example.com","EMAIL":"ada@example.com","password":"correct horse battery staple"}`, 400},
		{form, "", 422},
		{"application/json", "", 400},
	}
	for how, middleware := range early {
		app := newApp(t, before(func(r *gin.Engine) { r.Use(middleware) }))
		server := httptest.NewServer(app)
		t.Cleanup(server.Close)
		if w := app.send(jsonRequest("/signup", ada)); w.Code != http.StatusCreated {
			t.Fatalf("%s: sign-up: %d %s", how, w.Code, w.Body)
		}
		for _, tc := range cases {
			answer, err := server.Client().Post(server.URL+"/login", tc.kind, strings.NewReader(tc.body))
			if err != nil {
				t.Fatal(err)
			}
			_ = answer.Body.Close()
			if answer.StatusCode != tc.status {
				t.Errorf("%s: %s %.80s: %d, not %d", how, tc.kind, tc.body, answer.StatusCode, tc.status)
			}
		}
		if w := app.send(formRequest("/login", good+"&next=%2Fuser")); w.Code != http.StatusOK {
			t.Errorf("%s: a browser: %d %s", how, w.Code, w.Body)
		}
	}
}

type ticked bool

type boxes struct {
	Remember bool    `json:"remember"`
	News     *bool   `json:"news"`
	Terms    ticked  `json:"terms"`
	Name     string  `json:"name"`
	Age      float64 `json:"age"`
}

func TestCheckboxesAreReadAsHTMLSendsThem(t *testing.T) {
	t.Parallel()
	r := gin.New()
	r.POST("/", func(c *gin.Context) {
		var b boxes
		if err := flow.Bind(c, &b); err != nil {
			ginauth.Fail(c, err)
			return
		}
		flow.Reply(c, http.StatusOK, b)
	})
	want := func(body, answer string) {
		t.Helper()
		w := httptest.NewRecorder()
		r.ServeHTTP(w, formRequest("/", body))
		got := strings.TrimSpace(w.Body.String())
		if w.Code != http.StatusOK {
			got = problemIn(t, w).Code
		}
		if got != answer {
			t.Errorf("%s: %s", body, got)
		}
	}
	shown := func(remember, news, terms string) string {
		return `{"remember":` + remember + `,"news":` + news + `,"terms":` + terms + `,"name":"","age":0}`
	}
	want("", shown("false", "null", "false"))
	for _, on := range []string{"on", "yes", "1", "true", "On", "YES", "TRUE", "t", "y"} {
		want("remember="+on+"&news="+on+"&terms="+on, shown("true", "true", "true"))
	}
	for _, off := range []string{"off", "no", "0", "false", "OFF", "f", "n", ""} {
		want("remember="+off+"&news="+off+"&terms="+off, shown("false", "false", "false"))
	}
	// A hidden field beside the checkbox, in front of it (Rails) or behind it (ASP.NET).
	want("remember=0&remember=1", shown("true", "null", "false"))
	want("news=true&news=false", shown("false", "true", "false"))
	want("terms=off&terms=on", shown("false", "null", "true"))
	for _, bad := range []string{"remember=maybe", "remember=2", "remember=1&remember=1", "remember=0&remember=0", "remember=0&remember=1&remember=1", "remember=0&remember=x", "name=a&name=b", "name=0&name=1", "age=0&age=1", "other=0&other=1", "remember=on%00"} {
		want(bad, "malformed_body")
	}

	app := newApp(t)
	app.signUp(t, ada)
	w := app.send(formRequest("/login", "email=ada%40example.com&password=correct+horse+battery+staple&remember=0&remember=on"))
	if w.Code != http.StatusOK || !strings.Contains(w.Header().Get("Set-Cookie"), "Max-Age=2592000") {
		t.Errorf("remember at a login: %d %v", w.Code, w.Header())
	}
}

// plan is a sign-up form of an app's own.
type plan struct {
	ginauth.Registration
	Plan    string `json:"plan" binding:"required,oneof=free pro"`
	Seats   int    `json:"seats" binding:"min=1"`
	Nick    string `json:"nick" binding:"min=3"`
	Again   string `json:"password_again" binding:"eqfield=Password"`
	Address struct {
		City string `json:"city" binding:"max=5"`
	} `json:"address"`
	Site string `json:"site" binding:"omitempty,hostname"`
}

func TestAllFieldsAreCheckedInOneRoundAndToldInSentences(t *testing.T) {
	t.Parallel()
	app := newApp(t, routes(func(r *gin.Engine, cfg config) {
		r.POST("/plan", ginauth.SignUpWith(built.Config(cfg), func(_ ctx, _ plan, _ *user) error { return nil }))
	}), with(func(cfg *config) { cfg.Exclude = append(cfg.Exclude, "/plan") }))
	w := app.send(jsonRequest("/plan", `{"name":"Ada","email":"nobody","password":"short","password_again":"other","plan":"gold","nick":"a","address":{"city":"Nowhere"},"site":"-"}`))
	got := map[string]string{}
	for _, f := range problemIn(t, w).Errors {
		if got[f.Field] != "" {
			t.Errorf("%s is named twice", f.Field)
		}
		got[f.Field] = f.Code + ": " + f.Detail
	}
	want := map[string]string{
		"plan":           "oneof: plan must be one of [free pro]",
		"seats":          "min: seats must be 1 or greater",
		"nick":           "min: nick must be at least 3 characters in length",
		"password_again": "eqfield: password_again must be equal to password",
		"address.city":   "max: address.city must be a maximum of 5 characters in length",
		"site":           "hostname: site is not valid",
		"email":          "email: this is not an e-mail address",
		"password":       "too_short: password must have at least 15 characters",
	}
	if d := cmp.Diff(want, got); d != "" || w.Code != http.StatusUnprocessableEntity {
		t.Errorf("%d %s", w.Code, d)
	}
}

// german is registered before tests run: the validator forbids it while translations are asked for.
var german = func() ut.Translator {
	locale := de.New()
	t, _ := ut.New(locale, locale).GetTranslator("de")
	engine, ok := binding.Validator.Engine().(*validator.Validate)
	if !ok || translations.RegisterDefaultTranslations(engine, t) != nil {
		panic("the translations cannot be registered")
	}
	return t
}()

func TestRulesAreToldInTheLanguageThatTheAppGives(t *testing.T) {
	t.Parallel()
	app := newApp(t, routes(func(r *gin.Engine, cfg config) {
		r.POST("/plan", ginauth.SignUpWith(built.Config(cfg), func(_ ctx, _ plan, _ *user) error { return nil }))
	}), with(func(cfg *config) {
		cfg.Exclude = append(cfg.Exclude, "/plan")
		cfg.Translator = func(c *gin.Context) ut.Translator {
			if c.GetHeader("Accept-Language") == "de" {
				return german
			}
			return nil
		}
	}))
	for language, want := range map[string]string{
		"de": "name ist ein Pflichtfeld; plan muss einer der folgenden sein: [free pro]; site is not valid",
		"":   "name is required; plan must be one of [free pro]; site is not valid",
	} {
		r := jsonRequest("/plan", `{"email":"ada@example.com","password":"correct horse battery staple","password_again":"correct horse battery staple","plan":"gold","seats":1,"nick":"ada","site":"-"}`)
		r.Header.Set("Accept-Language", language)
		var told []string
		for _, f := range problemIn(t, app.send(r)).Errors {
			told = append(told, f.Detail)
		}
		if got := strings.Join(told, "; "); got != want {
			t.Errorf("%q: %s", language, got)
		}
	}
}

func TestChangesOfPasswordAndNameAreCheckedInOneRound(t *testing.T) {
	t.Parallel()
	type profile struct {
		account.Profile
		City string `json:"city" binding:"required"`
	}
	app := newApp(t, routes(func(r *gin.Engine, cfg config) {
		r.POST("/password", account.ChangePassword(built.Config(cfg)))
		r.POST("/user", account.UpdateProfileWith(built.Config(cfg), func(_ ctx, _ profile, _ *user) error { return nil }))
	}))
	ada := app.signUp(t, ada)
	for _, tc := range []struct{ path, body, fields string }{
		{"/password", `{"new_password":"short"}`, "current_password new_password"},
		{"/user", `{"name":" "}`, "city name"},
	} {
		w := ada.post(tc.path, tc.body)
		var fields []string
		for _, f := range problemIn(t, w).Errors {
			fields = append(fields, f.Field)
		}
		if got := strings.Join(fields, " "); w.Code != http.StatusUnprocessableEntity || got != tc.fields {
			t.Errorf("%s: %d %s", tc.path, w.Code, got)
		}
	}
}

// SEC-137: what a name looks like is what it is.
func TestNamesThatCannotBeSeenOrThatTurnTextAroundAreRefused(t *testing.T) {
	t.Parallel()
	app := newApp(t, routes(func(r *gin.Engine, cfg config) { r.POST("/user", account.UpdateProfile(built.Config(cfg))) }))
	ada := app.signUp(t, ada)
	try := func(name string, ok bool) {
		t.Helper()
		quoted, _ := json.Marshal(name)
		body := `{"name":` + string(quoted) + `,"email":"` + strings.ToLower(url.QueryEscape("x")) + `@example.com","password":"correct horse battery staple"}`
		signUp, update := app.send(jsonRequest("/signup", body)), ada.post("/user", `{"name":`+string(quoted)+`}`)
		if refused := signUp.Code == http.StatusUnprocessableEntity; refused == ok || ok != (update.Code == http.StatusOK) {
			t.Errorf("%+q: sign-up %d, update %d %s", name, signUp.Code, update.Code, update.Body)
		}
	}
	for _, name := range []string{
		"\u200b", "\u200b\u200c\u200d", "\u2060", "\ufeff", "\u00ad", "\u3164", "\uffa0", "\u115f\u1160", "\u2800", "\u180e", "\u034f", "\ufe0f",
		"\u200e\u200f", "\u061c", "\u0301", "\U000e0041\U000e0042", "\U000e0100", "\U0001d159", "\U0001d173", " \u200b ", "\u2028", "\u00a0", "\u3000",
		"Ada\u202e", "\u202eadA", "a\u202ab", "a\u202bb", "a\u202cb", "a\u202db", "a\u2066b", "a\u2067b", "a\u2068b", "a\u2069b", "a\u206ab", "Ada\u2028Lovelace", "Ada\u2029x", "Ada\nx",
	} {
		try(name, false)
	}
	for _, name := range []string{"Ada", "X", "李", "Зоя", "עדה", "عائشة", "می\u200cخواهم", "👩\u200d💻", "❤\ufe0f", "Zoe\u0308", "O'Neil", "24", "\u200fעדה", "क्\u200dष"} {
		try(name, true)
	}
}

// box is generic: its name in Go has dots.
type box[T any] struct {
	In   T      `json:"in"`
	Nick string `json:"nick" binding:"min=3"`
}

func TestBrokenRulesNameTheFieldOfAnyStruct(t *testing.T) {
	t.Parallel()
	type place struct {
		City string `json:"city" binding:"max=3"`
	}
	for _, tc := range []struct {
		into                any
		body, field, detail string
	}{
		{new(struct {
			Nick  string `json:"nick"`
			Again string `json:"again" binding:"eqfield=Nick"`
		}), `{"nick":"a","again":"b"}`, "again", "again must be equal to nick"},
		{new(struct {
			At place `json:"at"`
		}), `{"at":{"city":"Nowhere"}}`, "at.city", "at.city must be a maximum of 3 characters in length"},
		{new(box[account.Profile]), `{"nick":"a"}`, "nick", "nick must be at least 3 characters in length"},
		{new(box[place]), `{"nick":"ada","in":{"city":"Nowhere"}}`, "in.city", "in.city must be a maximum of 3 characters in length"},
		{new(struct {
			By map[string]place `json:"by" binding:"dive"`
		}), `{"by":{"a.b":{"city":"Nowhere"}}}`, "by[a.b].city", "by[a.b].city must be a maximum of 3 characters in length"},
	} {
		r := gin.New()
		r.POST("/", func(c *gin.Context) { ginauth.Fail(c, flow.Bind(c, tc.into)) })
		w := httptest.NewRecorder()
		r.ServeHTTP(w, jsonRequest("/", tc.body))
		told := problemIn(t, w).Errors
		if len(told) != 1 || told[0].Field != tc.field || told[0].Detail != tc.detail {
			t.Errorf("%T: %+v", tc.into, told)
		}
	}
}
