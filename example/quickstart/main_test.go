package main

import (
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/ginauthtest"
	"github.com/ginauth/ginauth/store"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	ginauthtest.Conformance(t, ginauthtest.New(t, func(k ginauthtest.Kit[store.User]) *gin.Engine { return routes(k.Config) }))
}
