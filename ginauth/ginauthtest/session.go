package ginauthtest

import (
	"maps"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
)

// Session has the values of a client's session, as sessions.Default(c) has them in handlers,
// wherever Options.Sessions keeps them. Each call is a request with the client's cookies, and so a
// use of the session; what fails ends the test.
type Session[U any] struct {
	app *App[U]
	c   *Client[U]
}

// Session returns the session of a client. That of Anonymous has no values until Set begins it.
func (a *App[U]) Session(c *Client[U]) *Session[U] { return &Session[U]{a, c} }

// Get returns a value, or nil.
func (s *Session[U]) Get(key any) (v any) {
	s.app.tb.Helper()
	s.do(func(c *gin.Context) error {
		v = sessions.Default(c).Get(key)
		return nil
	})
	return v
}

// Values returns all values by their keys.
func (s *Session[U]) Values() map[any]any {
	s.app.tb.Helper()
	values := map[any]any{}
	s.do(func(c *gin.Context) error {
		stored, err := ginauth.SessionValues(c)
		maps.Copy(values, stored)
		return err
	})
	return values
}

// Set stores a value that package codec can encode.
func (s *Session[U]) Set(key, value any) {
	s.app.tb.Helper()
	s.do(func(c *gin.Context) error {
		session := sessions.Default(c)
		session.Set(key, value)
		return session.Save()
	})
}

// Delete removes a value.
func (s *Session[U]) Delete(key any) {
	s.app.tb.Helper()
	s.do(func(c *gin.Context) error {
		session := sessions.Default(c)
		session.Delete(key)
		return session.Save()
	})
}

func (s *Session[U]) do(handle func(*gin.Context) error) {
	s.app.tb.Helper()
	if s.app.config.Options().NoSessions {
		s.app.tb.Fatal("ginauthtest: the app has NoSessions")
	}
	if err := s.app.inside.run(s.c, openPath, handle); err != nil {
		s.app.tb.Fatalf("ginauthtest: the session: %v", err)
	}
}
