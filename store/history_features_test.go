package store_test

import (
	"context"
	"fmt"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/store"
)

func (h *history) keyCalls() map[string]call {
	key := func() int { return h.index(len(h.sides[0].keys)) }
	return map[string]call{
		"CreateAPIKey": {5, func() func(context.Context, *side) string {
			i := h.user()
			n := driver.NewAPIKey{Digest: h.newDigest(), Name: "key", Scopes: []string{"read"}, Start: "ak", Lifetime: time.Duration(h.IntN(3)) * time.Hour, Limit: h.IntN(4)}
			return func(ctx context.Context, s *side) string {
				n := n
				n.UserID = of(s.users, i)
				k, err := s.CreateAPIKey(ctx, n)
				if err == nil {
					s.keys = append(s.keys, k.ID)
					s.owners[string(k.ID)] = k.UserID
				}
				if h.first(s, err) {
					h.keys = append(h.keys, n.Digest)
				}
				return h.show(err, k)
			}
		}},
		"FindAPIKey": {3, func() func(context.Context, *side) string {
			d := recent(h, h.keys)
			return func(ctx context.Context, s *side) string { u, k, err := s.FindAPIKey(ctx, d); return h.show(err, u, k) }
		}},
		"TouchAPIKey": {2, func() func(context.Context, *side) string {
			i := key()
			return func(ctx context.Context, s *side) string {
				return h.show(s.TouchAPIKey(ctx, of(s.keys, i), time.Minute))
			}
		}},
		"UserAPIKeys": {2, func() func(context.Context, *side) string {
			i := h.user()
			return func(ctx context.Context, s *side) string {
				list, err := s.UserAPIKeys(ctx, of(s.users, i))
				return h.show(err, list)
			}
		}},
		"RevokeAPIKey": {1, func() func(context.Context, *side) string {
			i, j := h.user(), key()
			return func(ctx context.Context, s *side) string {
				return h.show(s.RevokeAPIKey(ctx, s.owner(string(of(s.keys, j)), i), of(s.keys, j)))
			}
		}},
		"RevokeUserAPIKeys": {1, func() func(context.Context, *side) string {
			i := h.user()
			return func(ctx context.Context, s *side) string { return h.show(s.RevokeUserAPIKeys(ctx, of(s.users, i))) }
		}},
	}
}

func (h *history) tokenCalls() map[string]call {
	return map[string]call{
		"CreateRefreshFamily": {8, func() func(context.Context, *side) string {
			i := h.user()
			n := driver.NewRefreshFamily{
				Key: driver.RefreshKey{Selector: h.newDigest(), Digest: h.newDigest()}, Lifetime: 3 * time.Hour, IdleTimeout: time.Hour, Limit: h.IntN(4),
			}
			if h.chance(20) {
				n.Credential = h.hash()
			}
			if h.chance(50) {
				n.Scopes = []string{"read", "write"}
			}
			return func(ctx context.Context, s *side) string {
				n := n
				n.UserID = of(s.users, i)
				f, err := s.CreateRefreshFamily(ctx, n)
				if err == nil {
					s.families = append(s.families, f.ID)
					s.owners[string(f.ID)] = f.UserID
				}
				if h.first(s, err) {
					h.tokens = append(h.tokens, n.Key)
				}
				return h.show(err, f)
			}
		}},
		"FindRefreshFamily": {3, func() func(context.Context, *side) string {
			k := recent(h, h.tokens)
			return func(ctx context.Context, s *side) string {
				f, err := s.FindRefreshFamily(ctx, k)
				return h.show(err, f)
			}
		}},
		"RotateRefreshToken": {8, func() func(context.Context, *side) string {
			r := driver.RefreshRotation{Key: recent(h, h.tokens), Next: h.newDigest(), Grace: time.Duration(h.IntN(3)) * 10 * time.Second}
			r.Seal = driver.RefreshSeal(h.newDigest())
			return func(ctx context.Context, s *side) string {
				to, err := s.RotateRefreshToken(ctx, r)
				if h.first(s, err) {
					h.tokens = append(h.tokens, driver.RefreshKey{Selector: r.Key.Selector, Digest: to.Digest})
				}
				return h.show(err, to)
			}
		}},
		"RevokeRefreshToken": {1, func() func(context.Context, *side) string {
			k := recent(h, h.tokens)
			return func(ctx context.Context, s *side) string {
				f, err := s.RevokeRefreshToken(ctx, k)
				return h.show(err, f)
			}
		}},
		"UserRefreshFamilies": {2, func() func(context.Context, *side) string {
			i := h.user()
			return func(ctx context.Context, s *side) string {
				list, err := s.UserRefreshFamilies(ctx, of(s.users, i))
				return h.show(err, list)
			}
		}},
		"RevokeRefreshFamily": {1, func() func(context.Context, *side) string {
			i, j := h.user(), h.index(len(h.sides[0].families))
			return func(ctx context.Context, s *side) string {
				return h.show(s.RevokeRefreshFamily(ctx, s.owner(string(of(s.families, j)), i), of(s.families, j)))
			}
		}},
	}
}

// mailKinds are those of orders, with their tokens.
var mailKinds = []driver.MailKind{
	driver.MailVerify, driver.MailReset, driver.MailLogin, driver.MailChange, driver.MailUndo, driver.MailTaken, driver.MailPassword,
}

func (h *history) mailCalls() map[string]call {
	mail := func() int { return h.index(len(h.sides[0].mails)) }
	link := func() (driver.MailKind, driver.Digest) {
		i := h.index(len(h.links))
		return of(h.kinds, i), of(h.links, i)
	}
	return map[string]call{
		"CreateUserAndMail": {2, func() func(context.Context, *side) string {
			n := h.newUser()
			return func(ctx context.Context, s *side) string {
				created, err := s.CreateUserAndMail(ctx, n, nil, "de")
				if u, _, found := s.FindCredential(ctx, n.Canonical); created && found == nil {
					s.users = append(s.users, u.ID)
				}
				return h.show(err, created)
			}
		}},
		"QueueMail": {6, func() func(context.Context, *side) string {
			i, k := h.user(), mailKinds[h.IntN(len(mailKinds))]
			email, canonical := h.address()
			return func(ctx context.Context, s *side) string {
				o := driver.MailOrder{Kind: k, Email: email, Canonical: canonical}
				if k == driver.MailChange || k == driver.MailUndo || k == driver.MailPassword {
					o.UserID = of(s.users, i)
				}
				return h.show(s.QueueMail(ctx, o))
			}
		}},
		"ClaimMail": {8, func() func(context.Context, *side) string {
			return func(ctx context.Context, s *side) string {
				list, err := s.ClaimMail(ctx, 1, time.Minute)
				s.mails = append(s.mails, list...)
				return h.show(err, list)
			}
		}},
		"PrepareMail": {10, func() func(context.Context, *side) string {
			i, d := mail(), h.newDigest()
			return func(ctx context.Context, s *side) string {
				m, lifetime := of(s.mails, i), time.Hour
				if m.Kind == driver.MailTaken || m.Kind == driver.MailPassword || m.Kind == driver.MailNewBrowser || m.Kind == driver.MailReuse {
					lifetime = 0 // no token
				}
				to, err := s.PrepareMail(ctx, m.ID, d, lifetime)
				if h.first(s, err) && lifetime > 0 {
					h.links, h.kinds = append(h.links, d), append(h.kinds, m.Kind)
				}
				return h.show(err, to.User, to.Email)
			}
		}},
		"SettleMail": {3, func() func(context.Context, *side) string {
			i, attempt := mail(), 1+h.IntN(2)
			o := driver.MailOutcome{}
			if h.chance(40) {
				o = driver.MailOutcome{Failure: "busy", RetryIn: time.Duration(h.IntN(3)) * time.Second}
			}
			return func(ctx context.Context, s *side) string {
				return h.show(s.SettleMail(ctx, of(s.mails, i).ID, attempt, o))
			}
		}},
		"FindEmailToken": {3, func() func(context.Context, *side) string {
			k, d := link()
			return func(ctx context.Context, s *side) string {
				u, address, err := s.FindEmailToken(ctx, k, d)
				return h.show(err, u, address)
			}
		}},
		"FindPendingPassword": {2, func() func(context.Context, *side) string {
			_, d := link()
			return func(ctx context.Context, s *side) string {
				hash, err := s.FindPendingPassword(ctx, d)
				return h.show(err, hash)
			}
		}},
		"UseEmailToken": {6, func() func(context.Context, *side) string {
			k, d := link()
			use := driver.EmailTokenUse{Kind: k, Digest: d, Hash: h.hashes[h.IntN(len(h.hashes))], Locale: fmt.Sprint("l", h.IntN(2))}
			return func(ctx context.Context, s *side) string {
				var u store.User
				u, err := s.UseEmailToken(ctx, use)
				return h.show(err, u)
			}
		}},
	}
}
