package route_test

import (
	"errors"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/route"
)

func TestOtherMethodsThanTheServedOnesAreRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		served          []string
		refused         string
		allow, sentence string
		servesToo       string
	}{
		{served: []string{"POST"}, refused: "GET", allow: "POST", sentence: "Use POST.", servesToo: "POST"},
		{served: []string{"POST", "DELETE"}, refused: "HEAD", allow: "POST, DELETE", sentence: "Use POST or DELETE.", servesToo: "DELETE"},
		{served: []string{"POST", "PUT", "PATCH"}, refused: "DELETE", allow: "POST, PUT, PATCH", sentence: "Use POST, PUT or PATCH.", servesToo: "PUT"},
		{served: []string{"GET"}, refused: "POST", allow: "GET, HEAD", sentence: "Use GET.", servesToo: "HEAD"},
		{served: []string{"GET", "POST"}, refused: "PUT", allow: "GET, HEAD, POST", sentence: "Use GET or POST.", servesToo: "HEAD"},
	} {
		c := &gin.Context{Request: httptest.NewRequest(test.refused, "/", nil)}
		var wrong *route.MethodError
		if err := route.CheckMethod(c, test.served...); !errors.As(err, &wrong) || wrong.Allow() != test.allow || wrong.Error() != test.sentence {
			t.Errorf("%s by a handler of %v: %v", test.refused, test.served, err)
		}
		c.Request.Method = test.servesToo
		if err := route.CheckMethod(c, test.served...); err != nil {
			t.Errorf("%s by a handler of %v: %v", test.servesToo, test.served, err)
		}
	}
}
