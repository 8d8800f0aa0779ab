package openapi_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/openapi"
)

// In an app these are files of a release in the registry of npm, in a folder that go:embed takes.
var redocScript = []byte(`/* redoc.standalone.js */`)

const redocPage = `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Reports</title><link rel="icon" href="data:,"></head>
<body><redoc spec-url="/schema/openapi.json"></redoc><script src="/redoc/redoc.standalone.js"></script></body>
</html>
`

// Redoc puts styles into its page and searches in a worker; everything else stays forbidden, other hosts above all.
const redocPolicy = "default-src 'none'; script-src 'self'; worker-src blob:; style-src 'unsafe-inline'; img-src 'self' data:; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// A page of another tool for the same document, from the app's own binary.
func ExampleMount_redoc() {
	r := exampleRouter()
	if err := openapi.Mount(r, openapi.Options{Hide: []string{"/redoc", "/redoc/redoc.standalone.js"}}); err != nil {
		fmt.Println(err)
		return
	}
	r.GET("/redoc", func(c *gin.Context) { // whoever is logged in; name both routes in Options.Exclude for everybody
		c.Header("Content-Security-Policy", redocPolicy)
		c.Data(http.StatusOK, "text/html; charset=utf-8", []byte(redocPage))
	})
	r.GET("/redoc/redoc.standalone.js", func(c *gin.Context) {
		c.Data(http.StatusOK, "text/javascript; charset=utf-8", redocScript)
	})
	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/redoc", nil))
	fmt.Println(w.Code)
	// Output: 401
}
