package ginauthtest

import (
	"fmt"
	"net/http"
	"sync"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
)

// door is a router beside the app's, with the app's sessions. It runs what a test wants to do in a
// request of a client.
type door[U any] struct {
	engine *gin.Engine
	err    error // why there is none

	mu     sync.Mutex // held during a request
	handle func(*gin.Context) error
	failed error
}

const (
	openPath = "/open" // also without a session
	usePath  = "/use"
)

func newDoor[U any](cfg *ginauth.Config[U]) *door[U] {
	d := &door[U]{engine: gin.New()}
	o := cfg.Options()
	o.Exclude = []string{"POST " + openPath}
	o.ExcludeIf, o.Unverified, o.UnverifiedMay = nil, ginauth.UnverifiedAllowed, nil
	inside, err := ginauth.New(o)
	if err != nil {
		d.err = err
		return d
	}
	if o.NoSessions {
		d.engine.Use(ginauth.Authenticate(inside, ginauth.Backend[U](nobody[U]{})))
	} else {
		d.engine.Use(ginauth.Session(inside))
	}
	run := func(c *gin.Context) {
		if d.failed = d.handle(c); d.failed == nil {
			c.Status(http.StatusNoContent)
		}
	}
	d.engine.POST(openPath, run)
	d.engine.POST(usePath, run)
	return d
}

func (d *door[U]) signIn(c *Client[U], u U, l login) error {
	return d.run(c, openPath, func(g *gin.Context) error {
		session := sessions.Default(g)
		for _, v := range l.values {
			session.Set(v.key, v.value)
		}
		var options []ginauth.SignInOption
		if l.remember {
			options = append(options, ginauth.Remember())
		}
		if err := ginauth.SignIn(g, u, options...); err != nil {
			return err
		}
		return session.Save()
	})
}

// nobody is the backend of an app without sessions.
type nobody[U any] struct{}

func (nobody[U]) Authenticate(*gin.Context) (p ginauth.Principal[U], err error) {
	return p, ginauth.ErrNoCredentials
}

func (nobody[U]) Scheme() ginauth.Scheme {
	return ginauth.Scheme{Name: "none", Type: "http", HTTP: "bearer", SentOnPurpose: true}
}

// use makes the session one that was used now.
func (d *door[U]) use(c *Client[U]) error {
	return d.run(c, usePath, func(*gin.Context) error { return nil })
}

func (d *door[U]) run(c *Client[U], path string, handle func(*gin.Context) error) error {
	if d.err != nil {
		return d.err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.handle, d.failed = handle, nil
	inside := *c
	inside.router = d.engine
	if w := inside.send(http.MethodPost, path, nil); d.failed == nil && w.Code != http.StatusNoContent {
		return fmt.Errorf("%d %s", w.Code, w.Body)
	}
	return d.failed
}
