package ginauthtest_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-contrib/sessions/cookie"
	"github.com/gin-contrib/sessions/memstore"
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/apikey"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/ginauth/jwt"
)

// requirement is that of a report with an id.
func requirement(t *testing.T, report ginauthtest.Report, id string) ginauthtest.Requirement {
	t.Helper()
	i := slices.IndexFunc(report.Requirements, func(r ginauthtest.Requirement) bool { return r.ID == id })
	if i < 0 {
		t.Fatalf("the report has no %s", id)
	}
	return report.Requirements[i]
}

// findings are all of a report.
func findings(report ginauthtest.Report) (all []string) {
	for _, r := range report.Requirements {
		for _, finding := range r.Findings {
			all = append(all, r.ID+": "+finding)
		}
	}
	return all
}

// notebook has notes of users; with leaks, everybody reads them and throws them away.
func notebook(leaks bool) func(ginauthtest.Kit[User]) *gin.Engine {
	return func(k ginauthtest.Kit[User]) *gin.Engine {
		var mu sync.Mutex
		notes := map[string]driver.UserID{}
		mine := func(c *gin.Context, u User) bool {
			mu.Lock()
			defer mu.Unlock()
			owner, found := notes[c.Param("id")]
			if !found || owner != u.ID && !leaks {
				c.Status(http.StatusNotFound)
				return false
			}
			return true
		}
		r := house(k)
		r.POST("/notes/new", ginauth.With(func(c *gin.Context, u User) {
			mu.Lock()
			defer mu.Unlock()
			id := "note-of-" + string(u.ID)
			notes[id] = u.ID
			c.JSON(http.StatusCreated, gin.H{"id": id})
		}))
		r.GET("/notes/:id", ginauth.With(func(c *gin.Context, u User) {
			if mine(c, u) {
				c.String(http.StatusOK, "a note")
			}
		}))
		r.DELETE("/notes/:id", ginauth.With(func(c *gin.Context, u User) {
			if mine(c, u) {
				c.Status(http.StatusNoContent)
			}
		}))
		return r
	}
}

func note(owner *ginauthtest.Client[User]) (path string, body any) {
	var made struct{ ID string }
	owner.POST("/notes/new", gin.H{}).Status(201).JSON(&made)
	return "/notes/" + made.ID, nil
}

func TestSamplesAreThingsOfTheirOwner(t *testing.T) {
	t.Parallel()
	for leaks, want := range map[bool][]string{
		false: nil,
		true:  {"DELETE /notes/:id succeeds with a thing of another user", "GET /notes/:id shows a thing of another user"},
	} {
		app := ginauthtest.New(t, notebook(leaks), ginauthtest.InMemory())
		report := ginauthtest.Examine(t, app, ginauthtest.Sample("GET /notes/:id", note), ginauthtest.Sample("DELETE /notes/:id", note))
		if got := requirement(t, report, "ASVS-8.2.2").Findings; !slices.Equal(got, want) && (len(got) > 0 || len(want) > 0) {
			t.Errorf("leaks %t: it finds %q, want %q", leaks, got, want)
		}
		if got := findings(report); len(got) != len(want) {
			t.Errorf("leaks %t: it finds %q", leaks, got)
		}
	}
}

func TestExceptedRoutesAreReported(t *testing.T) {
	t.Parallel()
	b := broken["an answer is cached"]
	report := ginauthtest.Examine(t, ginauthtest.New(t, b.build, ginauthtest.InMemory()), ginauthtest.Except(b.breaks, "GET /report"))
	if got := requirement(t, report, b.breaks); len(got.Findings) > 0 || !slices.Equal(got.Excepted, []string{"GET /report"}) || got.Requests == 0 {
		t.Errorf("the result is %+v", got)
	}
}

func TestPublicRoutesMayAnswerEverybody(t *testing.T) {
	t.Parallel()
	build := with(options(func(o *ginauth.Options[User]) { o.Exclude = []string{"/open/*any", "GET /too"} }),
		handles(http.MethodGet, "/open/a", show), handles(http.MethodHead, "/too", show), handles(http.MethodGet, "/too", show))
	app := ginauthtest.New(t, build, ginauthtest.InMemory())
	if got := findings(ginauthtest.Examine(t, app, ginauthtest.Public("/open/*any", "GET /too"))); len(got) > 0 {
		t.Errorf("it finds %q", got)
	}
	report := ginauthtest.Examine(t, app, ginauthtest.Public("POST /too", "/ope/*any"))
	if got := requirement(t, report, "ASVS-8.2.1").Findings; len(got) != 3 {
		t.Errorf("it finds %q", got)
	}
}

func TestRoutesWithoutAnEndAreLeftOut(t *testing.T) {
	t.Parallel()
	build := with(handles(http.MethodGet, "/events", func(c *gin.Context) { <-c.Request.Context().Done() }))
	report := ginauthtest.Examine(t, ginauthtest.New(t, build, ginauthtest.InMemory()))
	if got := findings(report); len(got) > 0 {
		t.Errorf("it finds %q", got)
	}
	if got := requirement(t, report, "ASVS-14.3.2").Excepted; !slices.Equal(got, []string{"GET /events"}) {
		t.Errorf("it leaves out %q", got)
	}
}

func TestPanicsOfHandlersAreAnswersToo(t *testing.T) {
	t.Parallel()
	build := with(handles(http.MethodGet, "/panics", func(*gin.Context) { panic("a handler's own") }))
	if got := findings(ginauthtest.Examine(t, ginauthtest.New(t, build, ginauthtest.InMemory()))); len(got) > 0 {
		t.Errorf("it finds %q", got)
	}
}

func TestConformanceSaysWhatIsWrongWithItsOptions(t *testing.T) {
	t.Parallel()
	for want, option := range map[string]ginauthtest.ConformanceOption{
		`Except names "ASVS-1.1.1"`:         ginauthtest.Except("ASVS-1.1.1", "GET /page"),
		`the app has no route "GET /note"`:  ginauthtest.Sample("GET /note", note),
		`the Sample of GET /page is a func`: ginauthtest.Sample("GET /page", func(*ginauthtest.Client[row]) (string, any) { return "", nil }),
	} {
		got := complaintsOf(t, func(tb *recorder) {
			ginauthtest.Examine(tb, ginauthtest.New(tb, house, ginauthtest.InMemory()), option)
		})
		if !strings.Contains(got, want) {
			t.Errorf("the complaint is %q, want %q in it", got, want)
		}
	}
}

func TestConformanceLeavesTheAppAsItIs(t *testing.T) {
	t.Parallel()
	app := ginauthtest.New(t, house)
	ada := app.As(User{Email: "ada@example.com"})
	before := app.Clock.Now()
	ginauthtest.Examine(t, app)
	var users int
	if err := app.Pool.QueryRow(t.Context(), `SELECT count(*) FROM ginauth.users`).Scan(&users); err != nil || users != 1 {
		t.Errorf("the app has %d users, and not Ada alone: %v", users, err)
	}
	if !app.Clock.Now().Equal(before) {
		t.Error("the clock was moved")
	}
	ada.GET("/user").Status(200)
}

func TestReportIsJSON(t *testing.T) {
	t.Parallel()
	report := ginauthtest.Examine(t, ginauthtest.New(t, broken["a GET writes"].build, ginauthtest.InMemory()))
	text, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"standards":["OWASP ASVS 5.0.0","NIST SP 800-63B-4"]`, `{"route":"GET /page","open":false}`, `{"route":"POST /login","open":true}`,
		`{"id":"ASVS-3.5.3","title":"safe methods change nothing","requests":`, `"findings":["GET /visit changes the account"]`, `"findings":[]`,
		`"id":"ASVS-7.3.1","nist":"5.2"`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the report has no %s:\n%s", want, text)
		}
	}
}

// The app may have no sessions, or keep them elsewhere.
func TestConformanceOfOtherApps(t *testing.T) {
	t.Parallel()
	tokens := func(k ginauthtest.Kit[User]) *gin.Engine {
		k.Options.NoSessions = true
		k.Config = k.New(k.Options)
		keys := k.Keys(apikey.Options[User]{})
		k.Tokens(jwt.Options[User]{Issuer: issuer(k)})
		r := gin.New()
		r.Use(ginauth.Authenticate(k.Config, apikey.Backend(keys), bearer(k)))
		r.GET("/user", ginauth.Require(ginauth.AnyScope()), ginauth.Me(k.Config))
		r.GET("/posts", ginauth.Require(ginauth.Scope("posts:read")), show)
		r.POST("/posts", show)
		return r
	}
	keptIn := func(edit func(*ginauth.Options[User])) func(ginauthtest.Kit[User]) *gin.Engine {
		return func(k ginauthtest.Kit[User]) *gin.Engine {
			edit(&k.Options)
			return house(k)
		}
	}
	for name, c := range map[string]struct {
		build   func(ginauthtest.Kit[User]) *gin.Engine
		skipped []string
	}{
		"tokens":       {tokens, []string{"ASVS-14.2.1", "ASVS-7.2.4", "ASVS-3.5.1", "ASVS-7.4.1", "ASVS-16.5.3"}},
		"cookie store": {keptIn(func(o *ginauth.Options[User]) { o.Sessions = cookie.NewStore(make([]byte, 64), make([]byte, 32)) }), nil},
		"memory store": {keptIn(func(o *ginauth.Options[User]) { o.Sessions = memstore.NewStore(make([]byte, 64)) }), nil},
		"usernames":    {keptIn(func(o *ginauth.Options[User]) { o.Identifier = driver.UsernameIdentifier }), nil},
		"either":       {keptIn(func(o *ginauth.Options[User]) { o.Identifier = driver.EitherIdentifier }), nil},
		"a short idle time": {keptIn(func(o *ginauth.Options[User]) {
			o.IdleTimeout, o.Lifetime, o.TouchEvery = time.Minute, 10*time.Minute, time.Second
		}), nil},
		"verified users alone": {keptIn(func(o *ginauth.Options[User]) { o.Unverified = ginauth.UnverifiedRefused }), nil},
		"a path in front":      {keptIn(func(o *ginauth.Options[User]) { o.BaseURL = "https://example.com/app" }), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := ginauthtest.Examine(t, ginauthtest.New(t, c.build, ginauthtest.InMemory()))
			if got := findings(report); len(got) > 0 {
				t.Errorf("it finds %q", got)
			}
			for _, r := range report.Requirements {
				if wanted := slices.Contains(c.skipped, r.ID); wanted && r.Skipped == "" || c.skipped == nil && r.Skipped != "" {
					t.Errorf("%s is skipped since %q", r.ID, r.Skipped)
				}
			}
		})
	}
}

func TestConformanceOfUsersElsewhere(t *testing.T) {
	t.Parallel()
	d := &directory{}
	report := ginauthtest.Examine(t, ginauthtest.New(t, d.routes, ginauthtest.CreateUser(d.create)))
	if got := findings(report); len(got) > 0 {
		t.Errorf("it finds %q", got)
	}
	if r := requirement(t, report, "ASVS-7.2.4"); !strings.Contains(r.Skipped, "elsewhere") {
		t.Errorf("the login is skipped since %q", r.Skipped)
	}
}
