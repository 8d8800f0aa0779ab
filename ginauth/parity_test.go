package ginauth_test

import (
	"net/http"
	"testing"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"
)

// The session's cookie replaces none but its own.
func TestOtherCookiesOfAnAnswerStay(t *testing.T) {
	t.Parallel()
	set := func(name string) gin.HandlerFunc {
		return func(c *gin.Context) { c.SetCookieData(&http.Cookie{Name: name, Value: "x"}) }
	}
	app := newApp(t, before(func(r *gin.Engine) { r.Use(set("first")) }), with(func(cfg *config) { cfg.Exclude = append(cfg.Exclude, "/cart") }),
		routes(func(r *gin.Engine, _ config) {
			r.POST("/cart", set("second"), func(c *gin.Context) {
				sessions.Default(c).Set("cart", "full")
				c.Status(http.StatusNoContent)
			})
		}))
	c := &client{handler: app}
	for step, want := range map[string][]string{"/cart": {"first", "second", cookie}, "/logout": {"first", cookie}} {
		if step == "/logout" {
			c.post("/cart", "")
		}
		names := map[string]int{}
		for _, k := range c.post(step, "").Result().Cookies() {
			names[k.Name]++
		}
		for _, name := range want {
			if names[name] != 1 {
				t.Errorf("%s: %d cookies are called %s", step, names[name], name)
			}
		}
		c.value = ""
	}
}

// A Config is the app's: constructors neither write to it nor read it again.
func TestConfigThatIsEditedLaterChangesNothing(t *testing.T) {
	t.Parallel()
	exclude := []string{"/", "/signup"}
	app := newApp(t, with(func(cfg *config) { cfg.Exclude = exclude }))
	exclude[0] = "/user"
	app.cfg.Exclude = append(app.cfg.Exclude, "GET /user")
	c := &client{handler: app}
	if home, user := c.get("/").Code, c.get("/user").Code; home != http.StatusOK || user != http.StatusUnauthorized {
		t.Errorf("/ answers %d, and /user %d", home, user)
	}
}
