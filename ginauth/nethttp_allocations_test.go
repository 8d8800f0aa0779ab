//go:build !race

package ginauth_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// The race detector takes values out of pools by chance, so that more is allocated under it.
//
// The request's context costs one allocation: the copy of the request that has it. Another four are Gin's keys and our state.
func TestTheExcludedRouteCostsFiveAllocations(t *testing.T) { //nolint:paralleltest // others would count
	app := newApp(t)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	w := &discard{header: http.Header{}}
	got := testing.AllocsPerRun(1000, func() {
		clear(w.header)
		app.ServeHTTP(w, r)
	})
	if got > 5 {
		t.Errorf("%.0f allocations", got)
	}
}
