package ginauth_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/flow"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/ginauth/password"
)

// measured are the samples in short, such as "ginauth.sign_in pwd success", without hashing and its
// queue, and whether each of these was measured as often as the other.
func measured(t *testing.T, s *ginauthtest.Samples) (list []string, hashed int) {
	t.Helper()
	queued := 0
	for _, sample := range s.Take() {
		switch {
		case sample.Metric == driver.HashDuration && sample.Value > 0:
			hashed++
		case sample.Metric == driver.HashQueueDuration && sample.Value >= 0:
			queued++
		case sample.Value != 1:
			t.Errorf("%+v", sample)
		default:
			list = append(list, strings.Join(strings.Fields(fmt.Sprint(sample.Metric, " ", sample.Kind, " ", sample.Outcome)), " "))
		}
	}
	if hashed != queued {
		t.Errorf("%d passwords were hashed and %d have waited", hashed, queued)
	}
	return list, hashed
}

func wantSamples(t *testing.T, s *ginauthtest.Samples, hashed int, want ...string) {
	t.Helper()
	got, n := measured(t, s)
	if !slices.Equal(got, want) || n != hashed {
		t.Errorf("%q and %d hashes, want %q and %d", got, n, want, hashed)
	}
}

func TestEachThingIsMeasuredOnce(t *testing.T) {
	t.Parallel()
	samples := &ginauthtest.Samples{}
	a := newApp(t, with(func(cfg *config) {
		cfg.Observer = samples
		cfg.Limits = ginauth.Limits{FreeFailures: 1, MaxWait: time.Hour, SignUp: ginauth.Limit{PerAddress: []ginauth.Rate{{Attempts: 1, Per: time.Hour}}}}
		cfg.Exclude = append(cfg.Exclude, "/sign-in", "/count")
	}), routes(func(r *gin.Engine, cfg config) {
		made := built.Config(cfg)
		r.POST("/reauthenticate", account.Reauthenticate(made))
		r.POST("/password", account.ChangePassword(made))
		r.POST("/sign-in", func(c *gin.Context) {
			u, _, err := cfg.Users.FindCredential(c, "ada@example.com")
			if err == nil {
				err = ginauth.SignIn(c, u)
			}
			reply(c, nil, err)
		})
		r.POST("/count", func(c *gin.Context) {
			reply(c, nil, flow.Throttle(c, made, "mine", "", ginauth.Limit{PerAddress: []ginauth.Rate{{Attempts: 1, Per: time.Hour}}}))
		})
	}))
	wantSamples(t, samples, 0)
	ada := a.signUp(t, ada)
	wantSamples(t, samples, 1, "ginauth.sign_in pwd success")
	ada.get("/user")
	wantSamples(t, samples, 0, "ginauth.session.check valid")
	ada.get("/")
	wantSamples(t, samples, 0) // nobody asked
	(&client{handler: a}).get("/user")
	wantSamples(t, samples, 0, "ginauth.session.check none")
	ada.post("/reauthenticate", `{"password":"correct horse battery staple"}`)
	wantSamples(t, samples, 1, "ginauth.session.check valid")
	ada.post("/reauthenticate", `{"password":"wrong"}`)
	wantSamples(t, samples, 1, "ginauth.session.check valid")
	ada.post("/reauthenticate", `{"password":"correct horse battery staple"}`)
	wantSamples(t, samples, 1, "ginauth.session.check valid")
	ada.post("/password", `{"current_password":"correct horse battery staple","new_password":"difference engine no. 2"}`)
	wantSamples(t, samples, 2, "ginauth.session.check valid")
	old := &client{handler: a, value: ada.value}
	ada.post("/logout", "")
	samples.Take()
	old.get("/user")
	wantSamples(t, samples, 0, "ginauth.session.check ended")
	a.signUpRefused(t)
	wantSamples(t, samples, 0, "ginauth.throttle.refused sign_up")
	for range 2 {
		ada.post("/login", `{"email":"ada@example.com","password":"wrong"}`)
		wantSamples(t, samples, 1, "ginauth.sign_in pwd failure")
	}
	ada.post("/login", `{"email":"ada@example.com","password":"wrong"}`)
	wantSamples(t, samples, 0, "ginauth.throttle.refused password")
	ada.post("/sign-in", "")
	wantSamples(t, samples, 0, "ginauth.sign_in other success")
	ada.post("/count", "")
	wantSamples(t, samples, 0)
	ada.post("/count", "")
	wantSamples(t, samples, 0, "ginauth.throttle.refused app")
	a.clock.Advance(2 * time.Hour)
	ada.post("/login", `{"email":"ada@example.com","password":"difference engine no. 2"}`)
	wantSamples(t, samples, 1, "ginauth.sign_in pwd success")
	a.pool.Close()
	ada.get("/user")
	wantSamples(t, samples, 0, "ginauth.session.check unavailable")
}

func (a *app) signUpRefused(t *testing.T) {
	t.Helper()
	if w := (&client{handler: a}).post("/signup", grace); w.Code != http.StatusTooManyRequests {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
}

func TestABusyHasherIsMeasured(t *testing.T) {
	t.Parallel()
	samples := &ginauthtest.Samples{}
	hasher, err := password.New(password.Options{InsecureCheap: true, Slots: 1, MaxWait: -1})
	if err != nil {
		t.Fatal(err)
	}
	a := newApp(t, with(func(cfg *config) { cfg.Observer, cfg.Passwords = samples, hasher }))
	a.signUp(t, ada)
	samples.Take()
	_, leave, err := hasher.Enter(context.Background(), "another") // and does not come to an end
	if err != nil {
		t.Fatal(err)
	}
	defer leave()
	if w := (&client{handler: a}).post("/login", adaIn); w.Code != http.StatusServiceUnavailable {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	wantSamples(t, samples, 0, "ginauth.password.busy")
}

// A client chooses nothing in a sample, and all that is in one is on the list of the guide.
func TestSamplesHaveConstantsOnly(t *testing.T) {
	t.Parallel()
	samples := &ginauthtest.Samples{}
	a := newApp(t, with(func(cfg *config) { cfg.Observer = samples }))
	ada := a.signUp(t, `{"name":"Canary Name","email":"canary@example.com","password":"correct horse battery staple"}`)
	for i := range 200 {
		r := jsonRequest(fmt.Sprintf("/canary-path-%d", i), "{}")
		r.Method, r.Host = fmt.Sprintf("CANARY%d", i), fmt.Sprintf("canary%d.example.com", i)
		r.Header.Set("User-Agent", "canary agent")
		r.AddCookie(&http.Cookie{Name: cookie, Value: fmt.Sprintf("canary-token-%d", i)})
		a.send(r)
		ada.post("/login", fmt.Sprintf(`{"email":"canary%d@example.com","password":"canary password"}`, i))
	}
	ada.get("/user")
	seen := map[string]bool{}
	for _, s := range samples.Take() {
		s.Value = 0
		text, err := json.Marshal(s)
		if err != nil || strings.Contains(strings.ToLower(string(text)), "canary") || strings.Contains(string(text), "example") {
			t.Errorf("%s %v", text, err)
		}
		seen[string(text)] = true
	}
	if len(seen) > 10 {
		t.Errorf("%d series: %v", len(seen), seen)
	}
	guide, err := os.ReadFile("../docs/observer.md")
	if err != nil {
		t.Fatal(err)
	}
	for series := range seen {
		for _, word := range regexp.MustCompile(`[a-z._]{3,}`).FindAllString(strings.NewReplacer("Metric", "", "Value", "", "Kind", "", "Outcome", "").Replace(series), -1) {
			if !strings.Contains(string(guide), "`"+word+"`") {
				t.Errorf("the guide does not know %q of %s", word, series)
			}
		}
	}
}

// broken is an observer with a bug.
type broken struct{}

func (broken) Observe(context.Context, driver.Sample) { panic("a bug of the app's") }

func TestAPanicOfTheObserverChangesNothing(t *testing.T) { // SEC-164
	t.Parallel()
	a := newApp(t, with(func(cfg *config) { cfg.Observer = broken{} }))
	ada := a.signUp(t, ada)
	wantStatus(t, ada.get("/user"), http.StatusOK)
	wantStatus(t, ada.post("/login", adaIn), http.StatusOK)
	if !strings.Contains(a.log.String(), "the observer panicked") {
		t.Error("the log does not tell")
	}
}
