package memory_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/driver/drivertest"
	"github.com/ginauth/ginauth/store/memory"
)

// externalFaults are what a store for users elsewhere may do wrong.
var externalFaults = []string{
	"id: blanks are trimmed",
	"id: case is folded",
	"id: leading zeros are dropped",
	"id: a blank one is a user",
	"id: what is too long is cut",
	"disable: a user who has never been here is not shut out",
	"disable: API keys go on working",
	"enable: old sessions come back",
	"forget: API keys stay",
	"forget: a user who is not known is an error",
	"forget: the epoch begins anew",
	"forget: a login under way makes the user anew",
	"limit: it does not hold for first logins",
	"export: it has everybody's",
	"realm: a login is not in it",
	"realm: namesakes are disabled",
}

func TestExternalSuiteFindsSeededFaults(t *testing.T) {
	t.Parallel()
	suiteFinds(t, "TestExternalTwin", externalFaults)
}

func TestExternalTwin(t *testing.T) {
	t.Parallel()
	fault := os.Getenv(faultEnv)
	if fault == "" {
		t.Skip("it is run by TestExternalSuiteFindsSeededFaults")
	}
	drivertest.RunExternal(t, func(*testing.T) drivertest.ExternalSubject {
		c := newClock()
		twin := &externalTwin{External: memory.NewExternal(memory.ExternalOptions{Now: c.Now}), fault: fault, advance: c.Advance, forgot: make(chan struct{})}
		return drivertest.ExternalSubject{Store: twin, Advance: c.Advance}
	})
}

// externalTwin is the store with one fault.
type externalTwin struct {
	*memory.External

	fault   string
	advance func(time.Duration)
	mu      sync.Mutex
	once    sync.Once
	forgot  chan struct{}
	dropped []driver.Digest
	keys    []driver.Digest
}

func (w *externalTwin) has(fault string) bool { return w.fault == fault }

func (w *externalTwin) id(id driver.UserID) driver.UserID {
	text := string(id)
	switch {
	case w.has("id: blanks are trimmed"):
		text = strings.TrimSpace(text)
	case w.has("id: case is folded"):
		text = strings.ToLower(text)
	case w.has("id: leading zeros are dropped"):
		text = strings.TrimLeft(text, "0")
	case w.has("id: a blank one is a user") && text == " ":
		text = "nobody"
	case w.has("id: what is too long is cut"):
		text = text[:min(len(text), 255)]
	}
	return driver.UserID(text)
}

func (w *externalTwin) CreateSession(ctx context.Context, n driver.NewSession) (driver.Session, error) {
	given := n.UserID
	n.UserID = w.id(n.UserID)
	if w.has("realm: a login is not in it") {
		ctx = driver.WithRealm(ctx, "")
	}
	if w.has("limit: it does not hold for first logins") {
		n.Limit = 0
	}
	if w.has("forget: a login under way makes the user anew") {
		select {
		case <-w.forgot:
		case <-time.After(50 * time.Millisecond):
		}
	}
	s, err := w.External.CreateSession(ctx, n)
	s.UserID = given
	return s, err
}

func (w *externalTwin) UserSessions(ctx context.Context, id driver.UserID) ([]driver.Session, error) {
	return w.External.UserSessions(ctx, w.id(id))
}

func (w *externalTwin) CreateAPIKey(ctx context.Context, n driver.NewAPIKey) (driver.APIKey, error) {
	w.mu.Lock()
	w.keys = append(w.keys, n.Digest)
	w.mu.Unlock()
	return w.External.CreateAPIKey(ctx, n)
}

func (w *externalTwin) FindAPIKey(ctx context.Context, d driver.Digest) (driver.UserID, driver.APIKey, error) {
	id, k, err := w.External.FindAPIKey(ctx, d)
	lives := w.has("forget: API keys stay") || w.has("disable: API keys go on working")
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, made := range w.keys {
		if made == d && lives && err != nil {
			return "42", driver.APIKey{UserID: "42"}, nil
		}
	}
	return id, k, err
}

func (w *externalTwin) DisableUser(ctx context.Context, id driver.UserID) error {
	if list, err := w.External.UserSessions(ctx, id); err == nil && len(list) == 0 && w.has("disable: a user who has never been here is not shut out") {
		return nil
	}
	if w.has("enable: old sessions come back") {
		list, err := w.External.UserSessions(ctx, id)
		if err != nil {
			return err
		}
		for _, s := range list {
			w.dropped = append(w.dropped, s.Digest)
		}
	}
	if w.has("realm: namesakes are disabled") {
		_ = w.External.DisableUser(driver.WithRealm(ctx, ""), id)
	}
	return w.External.DisableUser(ctx, w.id(id))
}

func (w *externalTwin) EnableUser(ctx context.Context, id driver.UserID) error {
	if err := w.External.EnableUser(ctx, id); err != nil {
		return err
	}
	for _, d := range w.dropped {
		_ = w.DeleteSession(ctx, d)
		n := driver.NewSession{Digest: d, UserID: id, Lifetime: time.Hour, IdleTimeout: time.Hour}
		if _, err := w.External.CreateSession(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

func (w *externalTwin) ForgetUser(ctx context.Context, id driver.UserID) error {
	if _, err := w.External.ExportUser(ctx, id); errors.Is(err, driver.ErrNoUser) && w.has("forget: a user who is not known is an error") {
		return err
	}
	err := w.External.ForgetUser(ctx, id)
	if w.has("forget: a login under way makes the user anew") {
		w.advance(time.Minute)
		w.once.Do(func() { close(w.forgot) })
	}
	return err
}

func (w *externalTwin) FindAdmitted(ctx context.Context, user driver.UserID, session driver.Digest, epoch int64) (driver.UserID, time.Time, error) {
	if w.has("forget: the epoch begins anew") {
		if a, err := w.AdmitSession(ctx, driver.NewSession{UserID: user, Lifetime: time.Hour}); err == nil {
			epoch = a.Epoch
		}
	}
	return w.External.FindAdmitted(ctx, user, session, epoch)
}

func (w *externalTwin) ExportUser(ctx context.Context, id driver.UserID) (json.RawMessage, error) {
	if w.has("export: it has everybody's") {
		id = "43"
	}
	return w.External.ExportUser(ctx, id)
}
