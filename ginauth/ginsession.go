package ginauth

import (
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/engine"
)

// SessionValues returns a copy of all values of the session by their keys, as sessions.Default
// gives them to handlers, including what this request has changed. It is empty without a session.
// To store a map or slice that you changed, Set it again. It returns ErrUnavailable if the store
// cannot be asked, ErrNotMounted on a route that Session does not cover, and codec.ErrCorrupt for a
// value that cannot be read, such as one whose type is no longer registered.
func SessionValues(c *gin.Context) (map[any]any, error) {
	st, err := engine.WithSessions(c)
	if err != nil {
		return nil, err
	}
	return st.Values()
}
