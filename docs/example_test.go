package docs_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/docs"
)

// Without package openapi: a document that was written when ginauth was released, with the paths of
// its example.
func ExampleSwagger() {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.GET("/swagger.json", func(c *gin.Context) {
		c.Data(http.StatusOK, "application/json", []byte(docs.Swagger()))
	})
	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/swagger.json", nil))
	fmt.Println(w.Code, strings.Contains(w.Body.String(), `"operationId": "login"`))
	// Output: 200 true
}
