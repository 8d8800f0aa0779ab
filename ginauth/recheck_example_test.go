package ginauth_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/store"
)

// A stream of server-sent events that ends within its interval after a logout. A WebSocket's loop does the same.
func ExampleRecheck() {
	pool, closePool := exampleDatabase()
	defer closePool()

	r := gin.New()
	cfg, err := ginauth.New(ginauth.Options[store.User]{Users: store.New[store.User](pool), Exclude: []string{"/signup"}, Logger: quiet})
	if err != nil {
		fmt.Println(err)
		return
	}
	r.Use(ginauth.Session(cfg))
	r.POST("/signup", ginauth.SignUp(cfg))
	r.POST("/logout", ginauth.Logout(cfg))
	r.GET("/news", func(c *gin.Context) {
		interval := time.NewTicker(50 * time.Millisecond) // 10 s, say, in an app
		defer interval.Stop()
		c.Stream(func(io.Writer) bool {
			u, err := ginauth.Recheck[store.User](c)
			if err != nil {
				return false // logged out, disabled, deleted; or nobody can tell
			}
			c.SSEvent("news", "for "+u.Name)
			select {
			case <-interval.C:
				return true
			case <-c.Request.Context().Done():
				return false
			}
		})
	})
	server := httptest.NewServer(r)
	defer server.Close()

	in := call(r, nil, "POST", "/signup", `{"name":"Ada","email":"ada@example.com","password":"correct horse battery staple"}`)
	request, _ := http.NewRequest(http.MethodGet, server.URL+"/news", nil)
	for _, k := range in.Result().Cookies() {
		request.AddCookie(k)
	}
	answer, err := server.Client().Do(request)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = answer.Body.Close() }()

	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "data:") {
	}
	fmt.Println(lines.Text())
	fmt.Println(call(r, in, "POST", "/logout", "").Code)
	for lines.Scan() { // until the server ends the stream
	}
	fmt.Println("the stream has ended:", lines.Err())
	// Output:
	// data:for Ada
	// 204
	// the stream has ended: <nil>
}
