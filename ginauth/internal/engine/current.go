package engine

import (
	"github.com/gin-gonic/gin"
)

// LoggedIn returns the state of a request that has a user, whom Options.Unverified does not refuse.
func LoggedIn(c *gin.Context) (*State, error) {
	_, st, err := StateOf(c)
	if err != nil {
		return nil, err
	}
	if _, err = st.CurrentUser(c); err == nil {
		err = st.CheckPolicies(c)
	}
	return st, err
}
