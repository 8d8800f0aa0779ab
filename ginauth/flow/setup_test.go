package flow_test

import (
	"log/slog"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/requesttest"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	slog.SetDefault(slog.New(slog.DiscardHandler))
	m.Run()
}

const ada = `{"name":"Ada","email":"ada@example.com","password":"correct horse battery staple"}`

// call keeps the examples short.
var call = requesttest.Follow
