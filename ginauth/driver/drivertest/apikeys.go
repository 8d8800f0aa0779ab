package drivertest

import (
	"slices"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

func keysGroup[U any]() group[U] {
	return group[U]{"APIKeys", implements[driver.APIKeys[U]], map[string]func(*env[U]){
		"FindAPIKey returns the key with its user":                      findsKey[U],
		"FindAPIKey of an unknown digest is ErrNoAPIKey":                unknownKey[U],
		"CreateAPIKey refuses a digest that exists and an unknown user": refusesKeys[U],
		"a key ends at its end":                                         keyExpires[U],
		"CreateAPIKey keeps the limit":                                  keyLimit[U],
		"CreateAPIKey keeps the limit in parallel":                      keyLimitRace[U],
		"TouchAPIKey notes a use once in the interval":                  touchesKey[U],
		"UserAPIKeys lists the keys, the newest first":                  listsKeys[U],
		"RevokeAPIKey ends a key of the user alone":                     revokesKey[U],
		"RevokeUserAPIKeys ends all keys of the user":                   revokesKeys[U],
		"FindAPIKey of a disabled user is ErrNoAPIKey":                  keyOfDisabled[U],
		"FindAPIKey of a deleted user is ErrNoAPIKey":                   keyOfDeleted[U],
	}}
}

func newAPIKey(id driver.UserID) driver.NewAPIKey {
	return driver.NewAPIKey{Digest: newDigest(), UserID: id, Name: "laptop", Scopes: []string{"read", "write"}, Start: "ak_1234"}
}

func (e *env[U]) keys() driver.APIKeys[U] {
	e.Helper()
	return need[driver.APIKeys[U]](e)
}

func (e *env[U]) key(id driver.UserID) (driver.NewAPIKey, driver.APIKey) {
	e.Helper()
	n := newAPIKey(id)
	k, err := e.keys().CreateAPIKey(e.Context(), n)
	e.must("creating a key", err)
	return n, k
}

func (e *env[U]) noKey(when string, d driver.Digest) {
	e.Helper()
	_, _, err := e.keys().FindAPIKey(e.Context(), d)
	e.want(when, err, driver.ErrNoAPIKey)
}

func findsKey[U any](e *env[U]) {
	id, _ := e.user()
	n, made := e.key(id)
	u, found, err := e.keys().FindAPIKey(e.Context(), n.Digest)
	if err != nil || e.Account(u).ID != id {
		e.Fatalf("finding it: the user %s, %v", e.Account(u).ID, err)
	}
	for _, k := range []driver.APIKey{made, found} {
		if k.ID == "" || k.ID != made.ID || k.UserID != id || k.Name != n.Name || !slices.Equal(k.Scopes, n.Scopes) || k.Start != n.Start ||
			!k.CreatedAt.Equal(e.now()) || !k.ReadAt.Equal(e.now()) || !k.ExpiresAt.IsZero() || !k.LastUsedAt.IsZero() {
			e.Errorf("the key is %+v", k)
		}
	}
	bare := newAPIKey(id)
	bare.Scopes = nil
	if k, err := e.keys().CreateAPIKey(e.Context(), bare); err != nil || k.Scopes == nil || len(k.Scopes) > 0 {
		e.Errorf("no scopes are an empty list: %+v, %v", k, err)
	}
}

func unknownKey[U any](e *env[U]) {
	id, _ := e.user()
	e.key(id)
	e.noKey("an unknown digest", newDigest())
	e.noKey("no digest", driver.Digest{})
}

func refusesKeys[U any](e *env[U]) {
	id, _ := e.user()
	other, _ := e.user()
	n, made := e.key(id)
	again := newAPIKey(other)
	again.Digest = n.Digest
	_, err := e.keys().CreateAPIKey(e.Context(), again)
	e.refused("creating it again", err)
	if u, k, err := e.keys().FindAPIKey(e.Context(), n.Digest); err != nil || k.ID != made.ID || e.Account(u).ID != id {
		e.Errorf("the first key: %+v, %v", k, err)
	}
	for _, unknown := range append(e.strangers(), "") {
		_, err = e.keys().CreateAPIKey(e.Context(), newAPIKey(driver.UserID(unknown)))
		e.stranger("a key of "+unknown, err)
	}
}

func keyExpires[U any](e *env[U]) {
	id, _ := e.user()
	n := newAPIKey(id)
	n.Lifetime = time.Hour
	k, err := e.keys().CreateAPIKey(e.Context(), n)
	if err != nil || !k.ExpiresAt.Equal(e.now().Add(time.Hour)) {
		e.Errorf("the key is %+v, %v", k, err)
	}
	forever, _ := e.key(id)
	e.Advance(time.Hour - moment)
	if _, _, err = e.keys().FindAPIKey(e.Context(), n.Digest); err != nil {
		e.Errorf("just before: %v", err)
	}
	e.Advance(moment)
	e.noKey("at the end", n.Digest)
	if list, err := e.keys().UserAPIKeys(e.Context(), id); err != nil || len(list) != 2 {
		e.Errorf("the list has the expired one: %+v, %v", list, err)
	}
	e.Advance(365 * 24 * time.Hour)
	if _, _, err = e.keys().FindAPIKey(e.Context(), forever.Digest); err != nil {
		e.Errorf("a key without end: %v", err)
	}
}

func keyLimit[U any](e *env[U]) {
	id, _ := e.user()
	limited := func() driver.NewAPIKey {
		n := newAPIKey(id)
		n.Limit, n.Lifetime = 2, time.Hour
		return n
	}
	for range 2 {
		_, err := e.keys().CreateAPIKey(e.Context(), limited())
		e.must("creating a key", err)
	}
	n := limited()
	_, err := e.keys().CreateAPIKey(e.Context(), n)
	e.want("one too many", err, driver.ErrTooManyAPIKeys)
	e.noKey("one too many", n.Digest)
	e.Advance(time.Hour)
	if _, err = e.keys().CreateAPIKey(e.Context(), limited()); err != nil {
		e.Errorf("when the others have expired: %v", err)
	}
}

func keyLimitRace[U any](e *env[U]) {
	id, _ := e.user()
	made := 0
	for _, err := range e.together(callers, func(int) error {
		n := newAPIKey(id)
		n.Limit = 2
		_, err := e.keys().CreateAPIKey(e.Context(), n)
		return err
	}) {
		if err == nil {
			made++
			continue
		}
		e.want("one too many", err, driver.ErrTooManyAPIKeys)
	}
	if made != 2 {
		e.Errorf("%d keys were made, want 2", made)
	}
}

func touchesKey[U any](e *env[U]) {
	id, _ := e.user()
	n, k := e.key(id)
	used := func(when string, want time.Time) {
		e.Helper()
		e.must("touching it", e.keys().TouchAPIKey(e.Context(), k.ID, time.Minute))
		if _, found, err := e.keys().FindAPIKey(e.Context(), n.Digest); err != nil || !found.LastUsedAt.Equal(want) {
			e.Errorf("%s: used at %s, want %s, %v", when, found.LastUsedAt, want, err)
		}
	}
	first := e.now()
	used("the first use", first)
	e.Advance(time.Minute - moment)
	used("within the interval", first)
	e.Advance(moment)
	used("after it", e.now())
	for _, unknown := range unknownIDs() {
		e.must("touching "+unknown, e.keys().TouchAPIKey(e.Context(), driver.APIKeyID(unknown), time.Minute))
	}
}

func listsKeys[U any](e *env[U]) {
	id, _ := e.user()
	other, _ := e.user()
	e.key(other)
	var want []driver.APIKeyID
	for range 3 {
		_, k := e.key(id)
		want = append([]driver.APIKeyID{k.ID}, want...)
		e.Advance(time.Second)
	}
	list, err := e.keys().UserAPIKeys(e.Context(), id)
	e.must("listing them", err)
	var got []driver.APIKeyID
	for _, k := range list {
		got = append(got, k.ID)
	}
	if !slices.Equal(got, want) {
		e.Errorf("got %v, want %v", got, want)
	}
	for _, unknown := range unknownIDs() {
		if list, err := e.keys().UserAPIKeys(e.Context(), driver.UserID(unknown)); err != nil || len(list) > 0 {
			e.Errorf("%q has %+v, %v", unknown, list, err)
		}
	}
}

func revokesKey[U any](e *env[U]) {
	id, _ := e.user()
	other, _ := e.user()
	n, k := e.key(id)
	kept, _ := e.key(id)
	for _, who := range append(unknownIDs(), string(other)) {
		e.want("revoking as "+who, e.keys().RevokeAPIKey(e.Context(), driver.UserID(who), k.ID), driver.ErrNoAPIKey)
	}
	if _, _, err := e.keys().FindAPIKey(e.Context(), n.Digest); err != nil {
		e.Errorf("another user has revoked it: %v", err)
	}
	e.must("revoking it", e.keys().RevokeAPIKey(e.Context(), id, k.ID))
	e.noKey("the key", n.Digest)
	e.want("revoking it again", e.keys().RevokeAPIKey(e.Context(), id, k.ID), driver.ErrNoAPIKey)
	for _, unknown := range unknownIDs() {
		e.want("revoking "+unknown, e.keys().RevokeAPIKey(e.Context(), id, driver.APIKeyID(unknown)), driver.ErrNoAPIKey)
	}
	e.must("touching it", e.keys().TouchAPIKey(e.Context(), k.ID, time.Minute))
	e.noKey("a use does not bring it back", n.Digest)
	if _, _, err := e.keys().FindAPIKey(e.Context(), kept.Digest); err != nil {
		e.Errorf("the other one: %v", err)
	}
}

func revokesKeys[U any](e *env[U]) {
	id, _ := e.user()
	other, _ := e.user()
	first, _ := e.key(id)
	second, _ := e.key(id)
	theirs, _ := e.key(other)
	for _, who := range append(unknownIDs(), string(id), string(id)) {
		e.must("revoking for "+who, e.keys().RevokeUserAPIKeys(e.Context(), driver.UserID(who)))
	}
	e.noKey("the first", first.Digest)
	e.noKey("the second", second.Digest)
	if _, _, err := e.keys().FindAPIKey(e.Context(), theirs.Digest); err != nil {
		e.Errorf("another user's: %v", err)
	}
}

func keyOfDisabled[U any](e *env[U]) {
	id, _ := e.user()
	n, _ := e.key(id)
	e.disable(id)
	e.noKey("the key", n.Digest)
	_, err := e.keys().CreateAPIKey(e.Context(), newAPIKey(id))
	e.want("a new key", err, driver.ErrNoUser)
}

func keyOfDeleted[U any](e *env[U]) {
	id, _ := e.user()
	n, _ := e.key(id)
	_, err := e.accounts().ArchiveUser(e.Context(), id, 0)
	e.must("deleting the user", err)
	e.noKey("the key", n.Digest)
}
