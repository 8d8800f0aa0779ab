package ginauthtest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/email"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
)

func TestAppsDoNotShareAccounts(t *testing.T) {
	t.Parallel()
	for name, options := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 2 {
				app := ginauthtest.New(t, shop, options...)
				app.As(User{Email: "ada@example.com"}).GET("/user").Status(200)
			}
		})
	}
}

func TestLogHasEventsAndIsShownWhenATestFails(t *testing.T) {
	t.Parallel()
	app := ginauthtest.New(t, shop, ginauthtest.InMemory())
	app.Anonymous().POST("/login", gin.H{"email": "ada@example.com", "password": "wrong, and long enough"}).Status(401)
	if events := app.Log.Events(driver.LoginFailed); len(events) != 1 || len(app.Log.Events("")) < 1 || len(app.Log.Events(driver.LoggedOut)) != 0 {
		t.Errorf("the events are %v, in\n%s", events, app.Log)
	}
	_, _ = app.Log.Write([]byte("no JSON\n"))
	app.Log.Events("")

	var r *recorder
	t.Run("failing", func(t *testing.T) {
		r = &recorder{TB: t}
		app := ginauthtest.New(r, shop, ginauthtest.InMemory())
		app.Anonymous().POST("/login", gin.H{"email": "ada@example.com", "password": "wrong, and long enough"}).Status(200)
	})
	if got := strings.Join(r.complaints, "\n"); !strings.Contains(got, "the end of the app's log:\n{") || !strings.Contains(got, string(driver.LoginFailed)) {
		t.Errorf("a failed test shows %q", got)
	}
}

func TestLogOfATestThatPassesIsNotShown(t *testing.T) {
	t.Parallel()
	var r *recorder
	t.Run("passing", func(t *testing.T) {
		r = &recorder{TB: t}
		ginauthtest.New(r, shop, ginauthtest.InMemory()).Anonymous().POST("/login", gin.H{"email": "ada@example.com", "password": "wrong"}).Status(401)
	})
	if len(r.complaints) > 0 {
		t.Errorf("it shows %q", r.complaints)
	}
}

func TestNewSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	none := func(ginauthtest.Kit[User]) *gin.Engine { return nil }
	for want, build := range map[string]func(tb *recorder){
		"the app has built no router": func(tb *recorder) { ginauthtest.New(tb, none, ginauthtest.InMemory()) },
		"IdleTimeout (1h0m0s) is longer than Lifetime (1m0s)": func(tb *recorder) {
			ginauthtest.New(tb, func(k ginauthtest.Kit[User]) *gin.Engine {
				k.Options.Lifetime = time.Minute
				return gin.New()
			}, ginauthtest.InMemory())
			ginauthtest.New(tb, func(k ginauthtest.Kit[User]) *gin.Engine {
				k.Options.Lifetime = time.Minute
				k.New(k.Options)
				return gin.New()
			}, ginauthtest.InMemory())
		},
		"email.New: ": func(tb *recorder) {
			ginauthtest.New(tb, func(k ginauthtest.Kit[User]) *gin.Engine {
				k.Mails(email.Options[User]{From: "nobody"})
				return gin.New()
			}, ginauthtest.InMemory())
		},
		"give New a store for such users by the option Users": func(tb *recorder) {
			ginauthtest.New(tb, func(ginauthtest.Kit[*row]) *gin.Engine { return gin.New() }, ginauthtest.InMemory())
		},
		"has no method Account()": func(tb *recorder) {
			ginauthtest.New(tb, func(ginauthtest.Kit[*row]) *gin.Engine { return gin.New() }, ginauthtest.Users(func(func() time.Time) driver.Users[*row] { return nil }))
		},
		"but the app's users are of another type": func(tb *recorder) {
			ginauthtest.New(tb, shop, ginauthtest.Users(func(func() time.Time) driver.Users[*row] { return nil }))
		},
		"the app's Options have no Users": func(tb *recorder) {
			ginauthtest.New(tb, func(k ginauthtest.Kit[User]) *gin.Engine {
				k.New(ginauth.Options[User]{NoSessions: true})
				return gin.New()
			}, ginauthtest.InMemory())
		},
	} {
		if got := complaintsOf(t, build); !strings.Contains(got, want) {
			t.Errorf("the complaint is %q, want %q in it", got, want)
		}
	}
}

// BenchmarkTest is what a test costs that logs in two users and sends a mail.
func BenchmarkTest(b *testing.B) {
	for name, options := range stores {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				t := &ending{TB: b}
				b.StartTimer()
				app := ginauthtest.New(t, shop, append(options, ginauthtest.WithMail())...)
				app.As(User{Email: "ada@example.com"}).GET("/user").Status(200)
				app.As(User{}).GET("/user").Status(200)
				app.Mail.To("ada@example.com").Last()
				t.end()
			}
		})
	}
}

// ending is a test that cleans up before its benchmark ends.
type ending struct {
	testing.TB
	cleanups []func()
}

func (e *ending) Cleanup(f func()) { e.cleanups = append(e.cleanups, f) }

func (e *ending) end() {
	for i := len(e.cleanups) - 1; i >= 0; i-- {
		e.cleanups[i]()
	}
}
