package ginauthtest_test

import (
	"html/template"
	"net/http"
	"testing"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/ginauthtest"
)

func TestRequestWithRunsOneHandler(t *testing.T) {
	t.Parallel()
	app := ginauthtest.New(t, func(k ginauthtest.Kit[User]) *gin.Engine {
		r := gin.New()
		r.SetHTMLTemplate(template.Must(template.New("cart").Parse(`{{.}}`)))
		r.Use(ginauth.Session(k.Config))
		return r
	}, ginauthtest.InMemory())
	show := func(c *gin.Context) {
		u, err := ginauth.CurrentUser[User](c)
		if err != nil {
			ginauth.Fail(c, err)
			return
		}
		c.HTML(http.StatusOK, "cart", []any{u.Name, c.Param("id"), sessions.Default(c).Get("cart")})
	}
	ada := app.RequestWith(User{Name: "Ada"}, map[any]any{"cart": "apples"}, "/cart/:id", show)
	if got := ada.GET("/cart/7").Status(200).Body; got != "[Ada 7 apples]" {
		t.Errorf("the handler says %s", got)
	}
	if got := app.RequestWith(ada.User, nil, "/cart/:id", show).PUT("/cart/8", nil).Status(200).Body; got != "[Ada 8 &lt;nil&gt;]" {
		t.Errorf("without values it says %s", got)
	}
	ada.Do(crossSite(http.MethodPost, "/cart/7")).Problem("cross_origin") // it is behind the real middleware
	ada.SetCookie(app.SessionCookie(), "")
	ada.GET("/cart/7").Problem("unauthenticated")
}
