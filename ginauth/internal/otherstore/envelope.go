package otherstore

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/ginauth/ginauth/ginauth/codec"
	"github.com/ginauth/ginauth/ginauth/driver"
)

// envelope is the form of a session in other stores: one text among their values, so that neither
// gob nor registered types matter. Times are Unix milliseconds.
type envelope struct {
	Format int `json:"v"`
	// ID is random and new with every rotation. It is not a credential.
	ID            driver.SessionID           `json:"id"`
	Realm         string                     `json:"realm,omitempty"`
	User          driver.UserID              `json:"user,omitempty"`
	Epoch         int64                      `json:"epoch,omitempty"`
	Created       int64                      `json:"created"`
	Authenticated int64                      `json:"auth,omitempty"`
	Methods       driver.Methods             `json:"amr,omitempty"`
	SecondFactor  int64                      `json:"mfa,omitempty"`
	Issuer        string                     `json:"iss,omitempty"` // of the provider
	ProviderID    string                     `json:"sid,omitempty"`
	Seen          int64                      `json:"seen"`
	Expires       int64                      `json:"exp"`
	Idle          int64                      `json:"idle"` // milliseconds
	Persistent    bool                       `json:"keep,omitempty"`
	Version       int64                      `json:"rev,omitempty"`
	IP            string                     `json:"ip,omitempty"`
	UserAgent     string                     `json:"ua,omitempty"`
	Data          map[string]json.RawMessage `json:"data,omitempty"`
}

const (
	envelopeKey    = "ginauth"
	envelopeFormat = 1
)

// errNoEnvelope: the values come from other code, or from an older format.
var errNoEnvelope = errors.New("no envelope")

func newEnvelope(n driver.NewSession, a driver.Admission) (envelope, error) {
	e := envelope{
		Format: envelopeFormat, ID: newEnvelopeID(), User: n.UserID, Epoch: a.Epoch,
		Created: a.At.UnixMilli(), Seen: a.At.UnixMilli(), Expires: a.At.Add(n.Lifetime).UnixMilli(), Idle: n.IdleTimeout.Milliseconds(),
		Persistent: n.Persistent, Methods: n.Methods, Issuer: n.Provider.Issuer, ProviderID: n.Provider.ID, UserAgent: n.Origin.UserAgent,
	}
	if n.UserID != "" || n.Authenticated {
		e.Authenticated = e.Created
	}
	if n.SecondFactor {
		e.SecondFactor = e.Created
	}
	if n.Origin.Addr.IsValid() {
		e.IP = n.Origin.Addr.String()
	}
	_, err := e.merge(n.Data, nil)
	return e, err
}

func newEnvelopeID() driver.SessionID { return driver.SessionID(rand.Text()) }

// openEnvelope reads what seal has written, and nothing else.
func openEnvelope(values map[any]any) (e envelope, err error) {
	text, ok := values[envelopeKey].(string)
	if !ok {
		return e, errNoEnvelope
	}
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		return e, fmt.Errorf("%w: %w", errNoEnvelope, codec.ErrCorrupt)
	}
	if e.Format != envelopeFormat || e.ID == "" || e.Idle <= 0 {
		return e, errNoEnvelope
	}
	return e, nil
}

func (e envelope) seal() map[any]any {
	text, _ := json.Marshal(e) // only texts, numbers and valid JSON
	return map[any]any{envelopeKey: string(text)}
}

// digest is the key under which the session's end is stored.
func (e envelope) digest() driver.Digest { return sha256.Sum256([]byte(e.ID)) }

func (e envelope) live(at time.Time) bool {
	now := at.UnixMilli()
	return now < e.Expires && now < e.Seen+e.Idle
}

func (e envelope) record(at time.Time) driver.Session {
	r := driver.Session{
		ID: e.ID, Digest: e.digest(), UserID: e.User, Version: e.Version, Persistent: e.Persistent, ReadAt: at,
		CreatedAt: milli(e.Created), LastSeenAt: milli(e.Seen), ExpiresAt: milli(e.Expires), AuthenticatedAt: milli(e.Authenticated),
		Methods: e.Methods, SecondFactorAt: milli(e.SecondFactor), Provider: driver.ProviderSession{Issuer: e.Issuer, ID: e.ProviderID},
		IdleTimeout: time.Duration(e.Idle) * time.Millisecond, Origin: driver.Origin{UserAgent: e.UserAgent},
	}
	if len(e.Data) > 0 {
		r.Data, _ = json.Marshal(e.Data) // it was read from JSON
	}
	return r
}

// merge applies a delta, and says whether it changed anything.
func (e *envelope) merge(set json.RawMessage, unset []string) (changed bool, err error) {
	var values map[string]json.RawMessage
	if len(set) > 0 {
		if err := json.Unmarshal(set, &values); err != nil {
			return false, fmt.Errorf("merging a session's values: %w", codec.ErrCorrupt)
		}
	}
	data := make(map[string]json.RawMessage, len(e.Data)+len(values))
	for key, raw := range e.Data {
		data[key] = raw
	}
	for _, key := range unset {
		_, had := data[key]
		changed = changed || had
		delete(data, key)
	}
	for key, raw := range values {
		before, had := data[key]
		changed = changed || !had || !codec.Equal(before, raw)
		data[key] = raw
	}
	e.Data = data
	return changed, nil
}

func milli(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
