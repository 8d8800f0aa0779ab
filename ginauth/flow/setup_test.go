package flow_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	slog.SetDefault(slog.New(slog.DiscardHandler))
	m.Run()
}

const ada = `{"name":"Ada","email":"ada@example.com","password":"correct horse battery staple"}`

// call sends a request of JSON with the cookies that the answer before has set, and returns the answer.
func call(r http.Handler, before *httptest.ResponseRecorder, method, path, body string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if before != nil {
		for _, k := range before.Result().Cookies() {
			request.AddCookie(k)
		}
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, request)
	return w
}
