package ginauth_test

import (
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/internal/built"
)

// Gin's ClientIP, which apps log and limit by, and ginauth see the same client.
func TestCheckRoutesComparesTrustedProxies(t *testing.T) {
	t.Parallel()
	everybody := []string{"0.0.0.0/0", "::/0"} // Gin's default
	for name, tc := range map[string]struct {
		ours, gins []string
		want       string
	}{
		"both defaults":        {nil, everybody, ""},
		"nobody":               {nil, nil, ""},
		"the same":             {[]string{"10.0.0.0/8", "fd00::/8"}, []string{"fd00::/8", "10.0.0.0/8"}, ""},
		"written otherwise":    {[]string{"10.0.0.1/32", "10.1.2.3/16"}, []string{"10.0.0.1", "10.1.0.0/16"}, ""},
		"Gin believes all":     {[]string{"10.0.0.0/8"}, everybody, `and not by Options.TrustedProxies: call router.SetTrustedProxies([]string{"10.0.0.0/8"})`},
		"Gin believes nobody":  {[]string{"10.0.0.0/8"}, nil, `10.0.0.0 is believed by Options.TrustedProxies and not by Gin`},
		"Gin alone has one":    {nil, []string{"198.51.100.9"}, `198.51.100.9 is believed by Gin's ClientIP and not by Options.TrustedProxies: call router.SetTrustedProxies(nil)`},
		"Gin's is wider":       {[]string{"10.0.0.0/16"}, []string{"10.0.0.0/8"}, `Gin's ClientIP and not by`},
		"Gin's is narrower":    {[]string{"10.0.0.0/8"}, []string{"10.0.0.0/9"}, `10.128.0.0 is believed by Options.TrustedProxies and not by Gin`},
		"Gin has IPv4 alone":   {[]string{"10.0.0.0/8", "2001:db8::/32"}, []string{"10.0.0.0/8"}, `2001:db8:: is believed by Options.TrustedProxies and not by Gin`},
		"a unix socket":        {[]string{"unix"}, nil, ""}, // Gin believes it always
		"a unix socket, Gin's": {[]string{"unix"}, everybody, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := config{Users: newUnusedDB(), TrustedProxies: tc.ours}
			r := gin.New()
			if err := r.SetTrustedProxies(tc.gins); err != nil {
				t.Fatal(err)
			}
			r.Use(ginauth.Session(built.Config(cfg)))
			r.GET("/user", ginauth.Me(built.Config(cfg)))
			r.POST("/login", ginauth.Login(built.Config(cfg)))
			err := ginauth.CheckRoutes(r)
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || strings.Count(err.Error(), "X-Forwarded-For") != 1 || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("%v", err)
			}
		})
	}
}
