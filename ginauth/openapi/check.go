package openapi

import "github.com/gin-gonic/gin"

// TB is the part of *testing.T that Check needs.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
}

// Check fails a test with every fault of the Report on a router's document, and when the document
// cannot be built.
//
//	func TestDocumentTellsTheTruth(t *testing.T) { openapi.Check(t, router(), options) }
func Check(t TB, engine *gin.Engine, opts Options) {
	t.Helper()
	d, err := Build(engine, opts)
	if err != nil {
		t.Errorf("%v", err)
		return
	}
	for _, fault := range d.report.Faults() {
		t.Errorf("%s", fault)
	}
}
