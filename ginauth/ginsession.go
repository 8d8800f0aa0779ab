package ginauth

import (
	"github.com/gin-gonic/gin"
	"github.com/ginauth/ginauth/ginauth/internal/engine"
)

// SessionValues returns a copy of everything in the session that sessions.Default gives a handler, by its keys,
// with what this request has changed. Without a session it is empty. A map or slice in it that was changed must be Set.
// It returns ErrUnavailable when the store cannot be asked, ErrNotMounted on a route that Session does not
// cover, and codec.ErrCorrupt for what cannot be read, such as a type that is not registered any more.
func SessionValues(c *gin.Context) (map[any]any, error) {
	st, err := engine.WithSessions(c)
	if err != nil {
		return nil, err
	}
	return st.Values()
}
