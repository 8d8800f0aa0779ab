package openapi_test

import (
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/account"
	"github.com/ginauth/ginauth/ginauth/internal/built"
	"github.com/ginauth/ginauth/ginauth/openapi"
)

func TestDocumentSaysWhereUsersMustBeVerified(t *testing.T) {
	t.Parallel()
	cfg := newConfig(t, "/open", "/required")
	cfg.Unverified, cfg.UnverifiedMay = ginauth.UnverifiedReadOnly, []string{"/may"}
	r := gin.New()
	r.Use(ginauth.Session(built.Config(cfg)))
	for _, path := range []string{"/posts", "/may", "/open"} {
		r.GET(path, answer)
		r.POST(path, answer)
	}
	r.POST("/required", ginauth.Require(), answer)
	r.POST("/logout", ginauth.Logout(built.Config(cfg)))
	r.POST("/password/change", account.ChangePassword(built.Config(cfg)))
	r.PATCH("/user", account.UpdateProfile(built.Config(cfg)))
	doc := document(t, r, openapi.Options{})
	for call, want := range map[string]bool{
		"GET /posts": false, "POST /posts": true, "POST /may": false, "POST /open": false, "POST /required": true,
		"POST /logout": false, "POST /password/change": false, "PATCH /user": true,
	} {
		method, path, _ := strings.Cut(call, " ")
		response := doc.Paths.Value(path).GetOperation(method).Responses.Value("403")
		if says := response != nil && strings.Contains(*response.Value.Description, "not_verified"); says != want {
			t.Errorf("%s: the document says %v, want %v", call, says, want)
		}
	}
}
