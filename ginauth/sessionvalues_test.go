package ginauth_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/codec"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

// directory is an app whose users RetrieveUser finds by the value "name", with a handler of the test.
func directory(t *testing.T, k kept, handle gin.HandlerFunc) (*gin.Engine, *ginauthtest.Log) {
	t.Helper()
	here, _ := k.open(t)
	if here == nil {
		here = store.NewSessions(storetest.NewDB(t), store.WithTimeout(time.Minute))
	}
	log := &ginauthtest.Log{}
	cfg := ginauth.Options[person]{
		Sessions: here, Exclude: []string{"/run", "/show"}, Logger: log.Logger(), Passwords: ginauthtest.CheapHasher(t),
		RetrieveUser: func(_ *gin.Context, s sessions.Session) (person, error) {
			switch name, _ := s.Get("name").(string); name {
			case "", "gone":
				return person{}, driver.ErrNoUser
			default:
				return person{Name: name}, nil
			}
		},
	}
	r := gin.New()
	r.Use(ginauth.Session(built.Config(cfg)))
	r.POST("/run", handle)
	r.POST("/inside", handle)
	r.GET("/user", ginauth.With(func(c *gin.Context, p person) { c.String(http.StatusOK, p.Name) }))
	r.GET("/show", func(c *gin.Context) { c.String(http.StatusOK, "%v", sessions.Default(c).Get(c.Query("key"))) })
	return r, log
}

// everyStore runs a flow over every kind of store, without a table of users.
func everyStore(t *testing.T, handle func(step string, c *gin.Context), flow func(*testing.T, kept, *client)) {
	t.Helper()
	for _, k := range keptIn {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			r, _ := directory(t, k, func(c *gin.Context) { handle(c.Query("step"), c) })
			flow(t, k, &client{handler: r})
		})
	}
}

func signInAda(c *gin.Context) {
	if err := ginauth.SignIn(c, person{Name: "ada"}); err != nil {
		ginauth.Fail(c, err)
	}
}

// SEC-191: on a login route, in whatever order and whatever was read before.
func TestWhatAHandlerSetIsInTheSessionAfterSignIn(t *testing.T) {
	t.Parallel()
	ways := map[string]func(*gin.Context, sessions.Session){
		"set, sign in":       func(c *gin.Context, s sessions.Session) { s.Set("name", "ada"); signInAda(c) },
		"read, set, sign in": func(c *gin.Context, s sessions.Session) { s.Get("name"); s.Set("name", "ada"); signInAda(c) },
		"ask for the user, set, sign in": func(c *gin.Context, s sessions.Session) {
			_, _ = ginauth.CurrentUser[person](c)
			s.Set("name", "ada")
			signInAda(c)
		},
		"set, ask for the user, sign in": func(c *gin.Context, s sessions.Session) {
			s.Set("name", "ada")
			_, _ = ginauth.CurrentUser[person](c)
			signInAda(c)
		},
		"set, save, sign in": func(c *gin.Context, s sessions.Session) {
			s.Set("name", "ada")
			if err := s.Save(); err != nil {
				ginauth.Fail(c, err)
			}
			signInAda(c)
		},
		"read, set, renew, sign in": func(c *gin.Context, s sessions.Session) {
			s.Get("name")
			s.Set("name", "ada")
			if err := ginauth.Renew(c); err != nil {
				ginauth.Fail(c, err)
			}
			signInAda(c)
		},
		"read, set, sign in, sign in": func(c *gin.Context, s sessions.Session) {
			s.Get("name")
			s.Set("name", "ada")
			signInAda(c)
			signInAda(c)
		},
		"sign in, read, set":   func(c *gin.Context, s sessions.Session) { signInAda(c); s.Get("name"); s.Set("name", "ada") },
		"delete, set, sign in": func(c *gin.Context, s sessions.Session) { s.Delete("name"); s.Set("name", "ada"); signInAda(c) },
		"clear, set, sign in":  func(c *gin.Context, s sessions.Session) { s.Clear(); s.Set("name", "ada"); signInAda(c) },
		"read all, set, sign in": func(c *gin.Context, s sessions.Session) {
			_, _ = ginauth.SessionValues(c)
			s.Set("name", "ada")
			signInAda(c)
		},
	}
	everyStore(t, func(step string, c *gin.Context) {
		s := sessions.Default(c)
		if step == "gone" {
			s.Set("name", "gone")
			return
		}
		if s.Get("cart") != nil {
			s.Set("cart", s.Get("cart")) // as it was
		} else {
			s.Set("cart", "tea")
		}
		s.Set("scratch", "x")
		ways[step](c, s)
		s.Delete("scratch")
	}, func(t *testing.T, k kept, c *client) {
		t.Helper()
		for way := range ways {
			for _, before := range []string{"a visitor", "the same user", "a user who is gone"} {
				c.value = ""
				switch before {
				case "the same user":
					c.post("/run?step=set,%20sign%20in", "")
				case "a user who is gone":
					c.post("/run?step=gone", "")
				}
				old := c.value
				if w := c.post("/run?step="+strings.ReplaceAll(way, " ", "%20"), ""); w.Code != http.StatusOK {
					t.Fatalf("%s, %s: %d %s", before, way, w.Code, w.Body)
				}
				if w := c.get("/user"); w.Body.String() != "ada" || c.value == old {
					t.Errorf("%s, %s: GET /user is %d %s", before, way, w.Code, w.Body)
				}
				if w := c.get("/show?key=cart"); (w.Body.String() == "tea") == strings.HasPrefix(way, "clear") {
					t.Errorf("%s, %s: the cart is %s", before, way, w.Body)
				}
				if w := c.get("/show?key=scratch"); w.Body.String() != "<nil>" {
					t.Errorf("%s, %s: what was deleted again is %s", before, way, w.Body)
				}
			}
		}
	})
}

// SEC-65, SEC-191: with a table of users, at the library's own login.
func TestACartThatWasReadAndSetAgainSurvivesTheLogin(t *testing.T) {
	t.Parallel()
	for _, k := range keptIn {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			s := k.start(t, routes(func(r *gin.Engine, cfg config) {
				r.POST("/enter", func(c *gin.Context) {
					session := sessions.Default(c)
					session.Set("cart", session.Get("cart"))
				}, ginauth.Login(built.Config(cfg)))
			}), with(func(cfg *config) { cfg.Exclude = append(cfg.Exclude, "/enter") }))
			s.signUp(t, ada)
			c := &client{handler: s.app}
			c.post("/put?key=cart&value=tea", "")
			c.post("/put?key=planted&value=x", "")
			for _, time := range []string{"first", "second"} {
				if w := c.post("/enter", adaIn); w.Code != http.StatusOK {
					t.Fatalf("%s login: %d %s", time, w.Code, w.Body)
				}
				c.want(t, http.StatusOK, time+" login")
				c.wantValue(t, "cart", "tea", time+" login")
				c.wantValue(t, "planted", "", time+" login")
			}
		})
	}
}

// SEC-62: a login that only sets the value by which RetrieveUser knows the user.
func TestANewUserByAValueAloneHasANewToken(t *testing.T) {
	t.Parallel()
	everyStore(t, func(step string, c *gin.Context) {
		s := sessions.Default(c)
		switch name, value, _ := strings.Cut(step, "="); name {
		case "read":
			s.Get("name")
			s.Set("name", value)
		case "know":
			_, _ = ginauth.CurrentUser[person](c)
			s.Set("name", value)
		case "save":
			s.Set("name", value)
			if err := s.Save(); err != nil {
				ginauth.Fail(c, err)
			}
		case "delete":
			s.Delete("name")
		case "clear":
			s.Clear()
		default:
			s.Set(name, value)
		}
	}, func(t *testing.T, k kept, c *client) {
		t.Helper()
		run := func(path, step string, rotates bool) {
			t.Helper()
			old := *c
			w := c.post(path+"?step="+step, "")
			if w.Code != http.StatusOK {
				t.Fatalf("%s: %d %s", step, w.Code, w.Body)
			}
			inCookie := strings.HasPrefix(k.name, "cookie")
			// Some stores write the time into the cookie: then another text is the same token, which the old one shows.
			renewed := c.value != old.value && (inCookie || old.get("/show?key=cart").Body.String() != c.get("/show?key=cart").Body.String())
			if rotates && c.value == old.value || !rotates && !inCookie && renewed {
				t.Errorf("%s %s: a new token: %t, want %t", path, step, renewed, rotates)
			}
			if !rotates {
				return
			}
			if got := old.get("/user"); k.forgets && got.Code != http.StatusUnauthorized {
				t.Errorf("%s %s: the token of before is worth %d %s", path, step, got.Code, got.Body)
			}
		}
		for _, way := range []string{"name", "read", "know", "save"} {
			c.value = ""
			run("/run", "cart=tea", true) // begins
			run("/run", "cart=milk", false)
			run("/run", way+"=ada", true)
			if w := c.get("/user"); w.Body.String() != "ada" {
				t.Errorf("%s: GET /user: %d %s", way, w.Code, w.Body)
			}
			if w := c.get("/show?key=cart"); w.Body.String() != "milk" && way != "know" {
				t.Errorf("%s: the cart is %s", way, w.Body)
			}
			run("/run", way+"=ada", false)
			run("/inside", "cart=coffee", false)
			run("/run", "cart=tea", false)
			run("/inside", way+"=grace", true)
			if w := c.get("/user"); w.Body.String() != "grace" {
				t.Errorf("%s: GET /user: %d %s", way, w.Code, w.Body)
			}
		}
		run("/inside", "delete", true)
		c.value = ""
		run("/run", "name=ada", true)
		run("/run", "clear", true)
	})
}

func TestAllValuesOfASessionCanBeRead(t *testing.T) {
	t.Parallel()
	codec.Register[shopping]("test/shopping")
	everyStore(t, func(step string, c *gin.Context) {
		s := sessions.Default(c)
		switch step {
		case "fill":
			s.Set("cart", shopping{Items: []string{"tea"}})
			s.Set("pointer", &shopping{Items: []string{"milk"}})
			s.Set("none", (*shopping)(nil))
			s.Set(7, "seven")
			s.Set("gone", true)
		case "change":
			s.Delete("gone")
			s.Set(7, 8)
		}
		values, err := ginauth.SessionValues(c)
		if err != nil {
			ginauth.Fail(c, err)
			return
		}
		values["mine"] = true // a copy
		again, err := ginauth.SessionValues(c)
		if err != nil || len(again) != len(values)-1 {
			t.Error(again, err)
		}
		c.String(http.StatusOK, "%d %v", len(again), cmp.Diff(want[step], again))
	}, func(t *testing.T, _ kept, c *client) {
		t.Helper()
		for _, step := range []string{"empty", "fill", "filled", "change", "changed"} {
			if w := c.post("/run?step="+step, ""); w.Code != http.StatusOK || !strings.HasSuffix(w.Body.String(), " ") {
				t.Errorf("%s: %d %s", step, w.Code, w.Body)
			}
		}
	})
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	if _, err := ginauth.SessionValues(c); !errors.Is(err, ginauth.ErrNotMounted) {
		t.Errorf("without Session: %v", err)
	}
}

type shopping struct{ Items []string }

var (
	filled = map[any]any{
		"cart": shopping{Items: []string{"tea"}}, "pointer": &shopping{Items: []string{"milk"}}, "none": (*shopping)(nil), 7: "seven", "gone": true,
	}
	changed = map[any]any{
		"cart": shopping{Items: []string{"tea"}}, "pointer": &shopping{Items: []string{"milk"}}, "none": (*shopping)(nil), 7: 8,
	}
	want = map[string]map[any]any{"empty": {}, "fill": filled, "filled": filled, "change": changed, "changed": changed}
)

func TestAValueThatCannotBeStoredIsInTheLogWhereItWasSet(t *testing.T) {
	t.Parallel()
	type unregistered struct{ Secret string }
	var log *ginauthtest.Log
	for what, set := range map[string]func(sessions.Session){
		"a struct":  func(s sessions.Session) { s.Set("cart", unregistered{"canary"}) },
		"a pointer": func(s sessions.Session) { s.Set("cart", &unregistered{"canary"}) },
		"a list":    func(s sessions.Session) { s.Set("cart", []any{unregistered{"canary"}}) },
		"a flash":   func(s sessions.Session) { s.AddFlash(unregistered{"canary"}) },
		"a key":     func(s sessions.Session) { s.Set(unregistered{"canary"}, 1) },
	} {
		var r *gin.Engine
		r, log = directory(t, keptIn[0], func(c *gin.Context) {
			s := sessions.Default(c)
			set(s)
			line := log.String()
			if !strings.Contains(line, "sessionvalues_test.go:") || !strings.Contains(line, "unregistered") || strings.Contains(line, "canary") {
				t.Errorf("%s: the log says %s", what, line)
			}
			if what != "a key" && !strings.Contains(line, "codec.Register[") {
				t.Errorf("%s: the log says %s", what, line)
			}
			if err := s.Save(); !errors.Is(err, codec.ErrUnsupported) {
				t.Errorf("%s: Save: %v", what, err)
			}
			c.Status(http.StatusNoContent)
		})
		if w := (&client{handler: r}).post("/run", ""); w.Code != http.StatusInternalServerError {
			t.Errorf("%s: %d: a lost value must not look like success", what, w.Code)
		}
	}
}

// What comes after the first byte cannot have a cookie any more.
func TestSaveAfterTheFirstByteIsAnErrorAndNoRow(t *testing.T) {
	t.Parallel()
	begin := map[string]func(*gin.Context){
		"text":       func(c *gin.Context) { c.String(http.StatusOK, "x") },
		"flush":      func(c *gin.Context) { c.Writer.Flush() },
		"header":     func(c *gin.Context) { c.Writer.WriteHeaderNow() },
		"controller": func(c *gin.Context) { _ = http.NewResponseController(c.Writer).Flush() },
		"problem":    func(c *gin.Context) { ginauth.Fail(c, ginauth.ErrUnauthenticated) },
		"nothing":    func(*gin.Context) {},
	}
	for _, k := range keptIn {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			var (
				how, key string
				saved    error
			)
			r, log := directory(t, k, func(c *gin.Context) {
				begin[how](c)
				s := sessions.Default(c)
				s.Set(key, "late")
				saved = s.Save()
			})
			inCookie := strings.HasPrefix(k.name, "cookie")
			for how = range begin {
				c := &client{handler: r}
				key = "cart"
				c.post("/run", "")
				if late := how != "nothing"; (saved != nil) != late || (c.value == "") != late {
					t.Errorf("%s: Save is %v, the cookie %q", how, saved, c.value)
				}
			}
			how, key = "nothing", "cart"
			c := &client{handler: r}
			c.post("/run", "")
			how = "text"
			if c.post("/run", ""); (saved != nil) != inCookie {
				t.Errorf("a value in a session that lives: %v", saved)
			}
			key = "name"
			old := c.value
			if c.post("/run", ""); saved == nil || c.get("/user").Code != http.StatusUnauthorized || c.value != old && c.value != "" {
				t.Errorf("a user in a session whose token cannot change any more: %v", saved)
			}
			if !strings.Contains(log.String(), "could not be saved") {
				t.Errorf("the log is silent: %s", log)
			}
		})
	}
}
