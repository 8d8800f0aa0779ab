//go:build unix && !aix && !solaris

package storetest

import (
	"context"
	"strings"
	"testing"

	"github.com/ginauth/ginauth/store/embedded"
)

func TestSupervisorsComplaintReachesTheTest(t *testing.T) {
	t.Parallel()
	_, err := startSupervisor(context.WithoutCancel(t.Context()), t.TempDir(), "/nowhere")
	if err == nil || !strings.Contains(err.Error(), embedded.ErrNoBinaries.Error()) {
		t.Errorf("got %v, want what the supervisor says: %v", err, embedded.ErrNoBinaries)
	}
}
