package ginauthtest_test

import (
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/email"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
)

func TestRoutesConform(t *testing.T) {
	t.Parallel()
	app := ginauthtest.New(t, func(k ginauthtest.Kit[User]) *gin.Engine {
		return routes(k.Config, k.Mails(email.Options[User]{Pages: email.Pages{Reset: "/reset"}}))
	})
	ginauthtest.Conformance(t, app)
}
