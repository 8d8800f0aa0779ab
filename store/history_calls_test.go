package store_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
	"github.com/ginauth/ginauth/store"
)

// call is one kind of call. Make chooses its arguments; what it returns makes the call in one store.
type call struct {
	weight int
	make   func() func(context.Context, *side) string
}

func (h *history) calls() map[string]call {
	all := map[string]call{}
	for _, of := range []func() map[string]call{h.userCalls, h.sessionCalls, h.limiterCalls, h.accountCalls, h.keyCalls, h.tokenCalls, h.mailCalls} {
		for name, c := range of() {
			all[name] = c
		}
	}
	return all
}

// recent picks one of the last few, so that calls meet.
func recent[T any](h *history, list []T) (picked T) {
	if len(list) == 0 {
		return picked
	}
	last := list[max(0, len(list)-6):]
	return last[h.IntN(len(last))]
}

// index picks one of a list that each side has for itself.
func (h *history) index(n int) int {
	if n == 0 {
		return -1
	}
	return n - 1 - h.IntN(min(n, 8))
}

func of[T any](list []T, i int) (picked T) {
	if i < 0 || i >= len(list) {
		return picked
	}
	return list[i]
}

// owner is who has a thing, or another user.
func (s *side) owner(id string, other int) driver.UserID {
	if user, ok := s.owners[id]; ok && other%3 > 0 {
		return user
	}
	return of(s.users, other)
}

// first is one of the two calls, for what both share.
func (h *history) first(s *side, err error) bool { return s == h.sides[0] && err == nil }

func (h *history) chance(percent int) bool { return h.IntN(100) < percent }

func (h *history) newDigest() driver.Digest {
	return sha256.Sum256(fmt.Append(nil, h.Uint64()))
}

func (h *history) newLimitKey() (k driver.LimitKey) {
	d := h.newDigest()
	copy(k[:], d[:])
	return k
}

func (h *history) address() (email, canonical string) {
	canonical = fmt.Sprintf("user%d@example.com", h.IntN(12))
	return strings.ToUpper(canonical[:1]) + canonical[1:], canonical
}

func (h *history) hash() password.Hash {
	if h.chance(5) {
		return password.Hash{}
	}
	return h.hashes[h.IntN(len(h.hashes))]
}

func (h *history) newUser() driver.NewUser {
	email, canonical := h.address()
	return driver.NewUser{Name: fmt.Sprint("User ", h.IntN(100)), Email: email, Canonical: canonical, Hash: h.hash()}
}

// user picks one of the users; a few are gone.
func (h *history) user() int { return h.index(len(h.sides[0].users)) }

func (h *history) userCalls() map[string]call {
	return map[string]call{
		"CreateUser": {6, func() func(context.Context, *side) string {
			n := h.newUser()
			return func(ctx context.Context, s *side) string {
				u, err := s.CreateUser(ctx, n, func(u *store.User) error { u.Name += "!"; return nil })
				if err == nil {
					s.users = append(s.users, u.ID)
				}
				return h.show(err, u)
			}
		}},
		"FindUser": {2, func() func(context.Context, *side) string {
			i := h.user()
			return func(ctx context.Context, s *side) string {
				u, err := s.FindUser(ctx, of(s.users, i))
				return h.show(err, u)
			}
		}},
		"FindCredential": {3, func() func(context.Context, *side) string {
			_, canonical := h.address()
			return func(ctx context.Context, s *side) string {
				u, hash, err := s.FindCredential(ctx, canonical)
				return h.show(err, u, hash)
			}
		}},
		"ReplaceHash": {1, func() func(context.Context, *side) string {
			i, old, next := h.user(), h.hash(), h.hashes[h.IntN(len(h.hashes))]
			return func(ctx context.Context, s *side) string {
				return h.show(s.ReplaceHash(ctx, of(s.users, i), old, next))
			}
		}},
	}
}

func (h *history) change() driver.SessionChange {
	var c driver.SessionChange
	if h.chance(40) {
		c.Set = json.RawMessage(fmt.Sprintf(`{"k%d":%d}`, h.IntN(4), h.IntN(3)))
	}
	if h.chance(20) {
		c.Unset = []string{fmt.Sprint("k", h.IntN(4))}
	}
	if h.chance(30) {
		c.Digest = h.newDigest()
		if h.chance(70) {
			c.Grace = time.Duration(h.IntN(3)) * time.Minute
		}
	}
	c.Authenticated = h.chance(10)
	if h.chance(30) {
		c.UnlessSeenFor = time.Minute
	}
	return c
}

func (h *history) sessionCalls() map[string]call {
	return map[string]call{
		"CreateSession": {24, func() func(context.Context, *side) string {
			i := h.user()
			n := driver.NewSession{Digest: h.newDigest(), Lifetime: 3 * time.Hour, IdleTimeout: time.Hour, Persistent: h.chance(50), NewBrowser: h.chance(30), Limit: 1 + h.IntN(5)}
			if h.chance(30) {
				n.Replaces = recent(h, h.digest)
			}
			if h.chance(20) {
				n.Credential = h.hash()
			}
			if h.chance(30) {
				n.Data = json.RawMessage(`{"k0":"first"}`)
			}
			if h.chance(30) && len(h.tried) > 0 {
				settles := driver.Settlement{Attempt: recent(h, h.tried), Keep: time.Hour, Limit: 3, All: h.chance(10)}
				n.Settles = &settles
			}
			anonymous := h.chance(15)
			return func(ctx context.Context, s *side) string {
				n := n
				if !anonymous {
					n.UserID = of(s.users, i)
				} else {
					n.Settles = nil
				}
				r, err := s.CreateSession(ctx, n)
				if err == nil {
					s.sessions = append(s.sessions, r.ID)
					s.owners[string(r.ID)] = r.UserID
				}
				if h.first(s, err) {
					h.digest = append(h.digest, n.Digest)
				}
				return h.show(err, r)
			}
		}},
		"FindSession": {6, func() func(context.Context, *side) string {
			d := recent(h, h.digest)
			return func(ctx context.Context, s *side) string { r, err := s.FindSession(ctx, d); return h.show(err, r) }
		}},
		"FindUserSession": {6, func() func(context.Context, *side) string {
			d := recent(h, h.digest)
			return func(ctx context.Context, s *side) string {
				u, r, err := s.FindUserSession(ctx, d)
				r.CreatedAt, r.IdleTimeout, r.Origin = time.Time{}, 0, driver.Origin{} // may stay empty
				return h.show(err, u, r)
			}
		}},
		"UpdateSession": {20, func() func(context.Context, *side) string {
			d, c := recent(h, h.digest), h.change()
			return func(ctx context.Context, s *side) string {
				r, err := s.UpdateSession(ctx, d, c)
				if h.first(s, err) && c.Digest != (driver.Digest{}) {
					h.digest = append(h.digest, c.Digest)
				}
				return h.show(err, r)
			}
		}},
		"DeleteSession": {2, func() func(context.Context, *side) string {
			d := recent(h, h.digest)
			return func(ctx context.Context, s *side) string { return h.show(s.DeleteSession(ctx, d)) }
		}},
		"FindRotated": {6, func() func(context.Context, *side) string {
			d := recent(h, h.digest)
			return func(ctx context.Context, s *side) string { r, err := s.FindRotated(ctx, d); return h.show(err, r) }
		}},
		"UserSessions": {3, func() func(context.Context, *side) string {
			i := h.user()
			return func(ctx context.Context, s *side) string {
				list, err := s.UserSessions(ctx, of(s.users, i))
				return h.show(err, list)
			}
		}},
		"RevokeSession": {2, func() func(context.Context, *side) string {
			i, j := h.user(), h.index(len(h.sides[0].sessions))
			return func(ctx context.Context, s *side) string {
				return h.show(s.RevokeSession(ctx, s.owner(string(of(s.sessions, j)), i), of(s.sessions, j)))
			}
		}},
		"RevokeUserSessions": {1, func() func(context.Context, *side) string {
			i, j, token := h.user(), h.index(len(h.sides[0].sessions)), h.index(len(h.sides[0].families))
			other := h.chance(50)
			return func(ctx context.Context, s *side) string {
				except := of(s.sessions, j)
				if other {
					except = of(s.families, token)
				}
				return h.show(s.RevokeUserSessions(ctx, s.owner(string(except), i), except))
			}
		}},
		"RevokeAllSessions": {1, func() func(context.Context, *side) string {
			really := h.chance(5)
			return func(ctx context.Context, s *side) string {
				if !really {
					return ""
				}
				return h.show(s.RevokeAllSessions(ctx))
			}
		}},
		"AdmitSession": {2, func() func(context.Context, *side) string {
			i := h.user()
			return func(ctx context.Context, s *side) string {
				a, err := s.AdmitSession(ctx, driver.NewSession{UserID: of(s.users, i)})
				if err == nil && s == h.sides[0] {
					h.epochs = append(h.epochs, a.Epoch)
				}
				return h.show(err, a)
			}
		}},
		"FindAdmitted": {2, func() func(context.Context, *side) string {
			i, d, epoch := h.user(), recent(h, h.ended), recent(h, h.epochs)
			if h.chance(50) {
				d = h.newDigest()
			}
			return func(ctx context.Context, s *side) string {
				u, at, err := s.FindAdmitted(ctx, of(s.users, i), d, epoch)
				return h.show(err, u, at)
			}
		}},
		"ExchangeSession": {2, func() func(context.Context, *side) string {
			i := h.user()
			x := driver.Exchange{Old: h.newDigest(), Until: h.clock.now().Add(time.Hour), Grace: time.Minute, Session: driver.NewSession{
				Digest: h.newDigest(), Lifetime: 3 * time.Hour, IdleTimeout: time.Hour, Limit: 1 + h.IntN(5),
			}}
			if h.chance(20) {
				x.Old = recent(h, h.ended)
			} else {
				h.ended = append(h.ended, x.Old)
			}
			return func(ctx context.Context, s *side) string {
				x := x
				x.Session.UserID = of(s.users, i)
				r, err := s.ExchangeSession(ctx, x)
				if err == nil {
					s.sessions = append(s.sessions, r.ID)
					s.owners[string(r.ID)] = r.UserID
				}
				if h.first(s, err) {
					h.digest = append(h.digest, x.Session.Digest, x.Old)
				}
				return h.show(err, r)
			}
		}},
		"EndAdmitted": {1, func() func(context.Context, *side) string {
			d, until := h.newDigest(), h.clock.now().Add(time.Hour)
			h.ended = append(h.ended, d)
			return func(ctx context.Context, s *side) string { return h.show(s.EndAdmitted(ctx, d, until)) }
		}},
		"FindTokenUser": {3, func() func(context.Context, *side) string {
			i, j, token, other := h.user(), h.index(len(h.sides[0].sessions)), h.index(len(h.sides[0].families)), h.chance(50)
			return func(ctx context.Context, s *side) string {
				id := of(s.sessions, j)
				if other {
					id = of(s.families, token)
				}
				u, err := s.FindTokenUser(ctx, s.owner(string(id), i), id)
				return h.show(err, u)
			}
		}},
	}
}

func (h *history) attempt() driver.Attempt {
	_, canonical := h.address()
	key := func(text string) (k driver.LimitKey) {
		sum := sha256.Sum256([]byte(text))
		copy(k[:], sum[:])
		return k
	}
	a := driver.Attempt{Guess: driver.GuessLimit{
		Key: key(canonical), Client: key(fmt.Sprint("client", h.IntN(3))), Browser: recent(h, h.known),
		Free: 2, Max: 8, MaxOnBrowser: 3, MaxWait: 20 * time.Second, Memory: 5 * time.Minute,
	}}
	if h.chance(50) {
		a.Rates = []driver.RateLimit{{Key: key(fmt.Sprint("rate", h.IntN(3))), Every: time.Second, Burst: 1 + h.IntN(3)}}
	}
	if h.chance(30) {
		a.Guess = driver.GuessLimit{}
	}
	h.tried = append(h.tried, a)
	return a
}

func (h *history) limiterCalls() map[string]call {
	return map[string]call{
		"CountAttempt": {6, func() func(context.Context, *side) string {
			a := h.attempt()
			return func(ctx context.Context, s *side) string { v, err := s.CountAttempt(ctx, a); return h.show(err, v) }
		}},
		"CountAndFindCredential": {3, func() func(context.Context, *side) string {
			a := h.attempt()
			_, canonical := h.address()
			return func(ctx context.Context, s *side) string {
				v, u, hash, err := s.CountAndFindCredential(ctx, a, canonical)
				return h.show(err, v, u, hash)
			}
		}},
		"SettleAttempt": {4, func() func(context.Context, *side) string {
			i := h.user()
			_, canonical := h.address()
			done := driver.Settlement{Attempt: recent(h, h.tried), Known: h.chance(30), All: h.chance(10), Keep: time.Hour, Limit: 3}
			if h.chance(60) {
				done.Browser = h.newLimitKey()
				h.known = append(h.known, done.Browser)
			}
			if h.chance(30) {
				done.Identifier = canonical
			}
			return func(ctx context.Context, s *side) string {
				done := done
				done.User = of(s.users, i)
				known, err := s.SettleAttempt(ctx, done)
				return h.show(err, known)
			}
		}},
	}
}

func (h *history) accountCalls() map[string]call {
	operate := func(what func(*side, context.Context, driver.UserID) error) func() func(context.Context, *side) string {
		return func() func(context.Context, *side) string {
			i := h.user()
			return func(ctx context.Context, s *side) string { return h.show(what(s, ctx, of(s.users, i))) }
		}
	}
	return map[string]call{
		"DisableUser":           {1, operate(func(s *side, ctx context.Context, id driver.UserID) error { return s.DisableUser(ctx, id) })},
		"EnableUser":            {3, operate(func(s *side, ctx context.Context, id driver.UserID) error { return s.EnableUser(ctx, id) })},
		"RequirePasswordChange": {1, operate(func(s *side, ctx context.Context, id driver.UserID) error { return s.RequirePasswordChange(ctx, id) })},
		"DeleteUser":            {1, operate(func(s *side, ctx context.Context, id driver.UserID) error { return s.DeleteUser(ctx, id) })},
		"SetPassword": {4, func() func(context.Context, *side) string {
			i, j := h.user(), h.index(len(h.sides[0].sessions))
			change := driver.PasswordChange{Old: h.hash(), New: h.hashes[h.IntN(len(h.hashes))], Digest: h.newDigest(), Authenticated: h.chance(50)}
			keeps := h.chance(60)
			return func(ctx context.Context, s *side) string {
				change := change
				change.UserID = of(s.users, i)
				if keeps {
					change.Session = of(s.sessions, j)
					change.UserID = s.owner(string(change.Session), i)
				}
				changed, err := s.SetPassword(ctx, change)
				if h.first(s, err) && changed.Kept {
					h.digest = append(h.digest, change.Digest)
				}
				return h.show(err, changed)
			}
		}},
		"UpdateUser": {2, func() func(context.Context, *side) string {
			i, name := h.user(), fmt.Sprint("Name ", h.IntN(3))
			return func(ctx context.Context, s *side) string {
				u, err := s.UpdateUser(ctx, of(s.users, i), &name, nil)
				return h.show(err, u)
			}
		}},
		"ChangeUsername": {2, func() func(context.Context, *side) string {
			i, name := h.user(), fmt.Sprint("Name", h.IntN(3))
			return func(ctx context.Context, s *side) string {
				u, err := s.ChangeUsername(ctx, of(s.users, i), name, strings.ToLower(name))
				return h.show(err, u)
			}
		}},
		"ArchiveUser": {3, func() func(context.Context, *side) string {
			i, grace := h.user(), time.Duration(h.IntN(5))*time.Hour
			return func(ctx context.Context, s *side) string {
				at, err := s.ArchiveUser(ctx, of(s.users, i), grace)
				return h.show(err, at)
			}
		}},
		"FindArchived": {2, func() func(context.Context, *side) string {
			_, canonical := h.address()
			return func(ctx context.Context, s *side) string {
				id, hash, err := s.FindArchived(ctx, canonical)
				return h.show(err, id, hash)
			}
		}},
		"RestoreUser": {3, func() func(context.Context, *side) string {
			i, credential := h.user(), h.hash()
			return func(ctx context.Context, s *side) string {
				u, err := s.RestoreUser(ctx, of(s.users, i), credential)
				return h.show(err, u)
			}
		}},
		"ExportUser": {1, func() func(context.Context, *side) string {
			i := h.user()
			return func(ctx context.Context, s *side) string {
				document, err := s.ExportUser(ctx, of(s.users, i))
				return h.show(err, document)
			}
		}},
		"RecordEvent": {1, func() func(context.Context, *side) string {
			i := h.user()
			return func(ctx context.Context, s *side) string {
				e := driver.NewEvent(ctx, driver.LoginFailed, of(s.users, i))
				return h.show(s.RecordEvent(ctx, e))
			}
		}},
		"UserEvents": {3, func() func(context.Context, *side) string {
			i, limit, before := h.user(), 1+h.IntN(10), time.Time{}
			if h.chance(50) {
				before = h.clock.now().Add(-time.Duration(h.IntN(60)) * time.Second)
			}
			return func(ctx context.Context, s *side) string {
				list, err := s.UserEvents(ctx, of(s.users, i), before, limit)
				return h.show(err, list)
			}
		}},
	}
}
