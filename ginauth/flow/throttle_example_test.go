package flow_test

import (
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/flow"
	"github.com/ginauth/ginauth/store/memory"
)

// Three invitations an hour for one address, whether or not it has an account.
func ExampleThrottle() {
	cfg, err := ginauth.New(ginauth.Options[memory.User]{
		Users: memory.New(memory.Options[memory.User]{}), Exclude: []string{"POST /invite"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	limit := ginauth.Limit{PerIdentifier: []ginauth.Rate{{Attempts: 3, Per: time.Hour}}}
	r := gin.New()
	r.Use(ginauth.Session(cfg))
	r.POST("/invite", func(c *gin.Context) {
		if err := flow.Throttle(c, cfg, "invite", c.Query("email"), limit); err != nil {
			ginauth.Fail(c, err)
			return
		}
		c.Status(http.StatusAccepted) // only now is a mail sent
	})

	for range 4 {
		fmt.Println(call(r, nil, "POST", "/invite?email=grace@example.com", "").Code)
	}
	fmt.Println(call(r, nil, "POST", "/invite?email=ada@example.com", "").Code)
	// Output:
	// 202
	// 202
	// 202
	// 429
	// 202
}
