//go:build !race

package store_test

import (
	"testing"
	"time"

	"github.com/ginauth/ginauth/store"
	"github.com/ginauth/ginauth/store/storetest"
)

// minImported is how many users a second an import stores at least, on two cores.
const minImported = 5000

// The best of some runs counts, because other tests run at the same time.
func TestImportIsFast(t *testing.T) {
	t.Parallel()
	const rows = 5000
	best := 0.0
	for run := 0; run < 5 && best < minImported; run++ {
		s := newSetup(t)
		start := time.Now()
		report, err := s.db.ImportUsers(t.Context(), many(rows), store.ImportOptions{})
		if err != nil || report.Created != rows {
			t.Fatalf("%v: %+v", err, report)
		}
		best = max(best, rows/time.Since(start).Seconds())
	}
	t.Logf("%.0f users a second", best)
	if best < minImported {
		t.Errorf("%.0f users a second, fewer than %d", best, minImported)
	}
}

// BenchmarkImportUsers stores 20,000 users each time, and then finds them all there.
func BenchmarkImportUsers(b *testing.B) {
	const rows = 20_000
	for b.Loop() {
		s := setupOn(storetest.NewDB(b))
		for _, what := range []string{"new", "there"} {
			start := time.Now()
			if _, err := s.db.ImportUsers(b.Context(), many(rows), store.ImportOptions{}); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(rows/time.Since(start).Seconds(), what+"/s")
		}
	}
}
