package ginauthtest_test

import (
	"strings"
	"testing"

	"github.com/ginauth/ginauth/ginauth/ginauthtest"
)

// A check that cannot fail would be worthless.
func TestChecksFail(t *testing.T) {
	t.Parallel()
	for want, check := range map[string]func(*ginauthtest.Client[User]){
		"GET /user: 401 Unauthorized, want 200 OK\n{": func(c *ginauthtest.Client[User]) { c.GET("/user").Status(200) },
		`want the problem "forbidden"`:                func(c *ginauthtest.Client[User]) { c.GET("/user").Problem("forbidden") },
		`GET /: 200 OK, want the problem "forbidden"`: func(c *ginauthtest.Client[User]) { c.GET("/").Problem("forbidden") },
		`to "", want a redirect to "/login"`:          func(c *ginauthtest.Client[User]) { c.GET("/").Redirect("/login") },
		`201 Created, to "/user", want a redirect`:    func(c *ginauthtest.Client[User]) { c.GET("/made").Redirect("/user") },
		"invalid character 'h'":                       func(c *ginauthtest.Client[User]) { c.GET("/").JSON(new(string)) },
		"the path \"user\" does not begin with /":     func(c *ginauthtest.Client[User]) { c.GET("user") },
		"the body of POST /login":                     func(c *ginauthtest.Client[User]) { c.POST("/login", func() {}) },
	} {
		got := complaintsOf(t, func(tb *recorder) { check(ginauthtest.New(tb, shop, ginauthtest.InMemory()).Anonymous()) })
		if !strings.Contains(got, want) {
			t.Errorf("the complaint is %q, want %q in it", got, want)
		}
	}
}
