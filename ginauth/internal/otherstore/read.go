package otherstore

import (
	"net/http"

	"github.com/gin-contrib/sessions"
	gorilla "github.com/gorilla/sessions"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// Read returns the session of a request from a store other than Options.Sessions. ErrNoSession
// means that there is none, and ErrUnavailable that the store cannot say.
func Read(store sessions.Store, r *http.Request, name string) (*gorilla.Session, error) {
	session, err := store.New(r, name)
	if err != nil {
		return nil, errorsOf(store).read(err)
	}
	if session.IsNew || len(session.Values) == 0 {
		return nil, driver.ErrNoSession
	}
	return session, nil
}
