package memory

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// item is one entry of an export.
type item map[string]any

// ExportUser implements driver.Accounts, with the same object as store.DB. Each list has the newest
// 1000 entries.
func (s *Store[U]) ExportUser(ctx context.Context, id driver.UserID) (json.RawMessage, error) {
	if _, err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	a := s.users[id]
	if a == nil {
		return nil, driver.ErrNoUser
	}
	account := item{
		"id": a.ID, "realm": a.realm, "email": textOrNull(a.Email), "email_canonical": textOrNull(a.canonical),
		"username": a.Username, "username_canonical": textOrNull(a.named), "name": a.Name, "has_password": !a.hash.IsZero(),
		"must_change_password": a.MustChangePassword,
		"verified_at":          a.VerifiedAt, "disabled_at": a.DisabledAt, "delete_after": orNull(a.deleteAfter),
		"created_at": a.CreatedAt, "updated_at": a.UpdatedAt,
	}
	if s.isExternal() {
		account = item{"id": ownID(a.ID), "realm": a.realm, "source": "", "disabled_at": a.DisabledAt, "created_at": a.CreatedAt, "updated_at": a.UpdatedAt}
	}
	return json.Marshal(item{
		"account": account,
		"sessions": exported(s.sessions, func(r *session) (bool, time.Time, item) {
			return r.UserID == id, r.CreatedAt, item{
				"id": r.ID, "created_at": r.CreatedAt, "authenticated_at": orNull(r.AuthenticatedAt), "last_seen_at": r.LastSeenAt,
				"methods": r.Methods.List(), "second_factor_at": orNull(r.SecondFactorAt),
				"provider": textOrNull(r.Provider.Issuer), "provider_session": textOrNull(r.Provider.ID),
				"expires_at": r.ExpiresAt, "remembered": r.Persistent, "ip": addrOf(r.Origin), "user_agent": r.Origin.UserAgent,
			}
		}),
		"api_keys": exported(s.keys, func(k *apiKey) (bool, time.Time, item) {
			return k.UserID == id, k.CreatedAt, item{
				"id": k.ID, "name": k.Name, "scopes": strings.Join(k.Scopes, " "), "start": k.Start, "created_at": k.CreatedAt,
				"expires_at": orNull(k.ExpiresAt), "last_used_at": orNull(k.LastUsedAt),
			}
		}),
		"refresh_logins": exported(s.families, func(f *family) (bool, time.Time, item) {
			return f.UserID == id, f.CreatedAt, item{
				"id": f.ID, "scopes": joined(f.Scopes), "created_at": f.CreatedAt, "last_used_at": f.LastUsedAt, "expires_at": f.ExpiresAt,
				"methods": f.Methods.List(), "second_factor": f.SecondFactor, "ip": addrOf(f.Origin), "user_agent": f.Origin.UserAgent,
			}
		}),
		"factors": exported(s.factors, func(f *factor) (bool, time.Time, item) {
			return f.user == id, f.CreatedAt, item{
				"id": f.ID, "kind": f.Kind, "gates": f.Gates, "created_at": f.CreatedAt, "confirmed_at": orNull(f.ConfirmedAt),
			}
		}),
		"pending_logins": exported(s.pendings, func(p *pending) (bool, time.Time, item) {
			return p.UserID == id, p.CreatedAt, item{
				"methods": p.Methods.List(), "remembered": p.Persistent, "return_to": p.ReturnTo, "created_at": p.CreatedAt,
				"expires_at": p.ExpiresAt, "ip": addrOf(p.Origin), "user_agent": p.Origin.UserAgent,
			}
		}),
		"known_devices": exported(s.devices, func(d *device) (bool, time.Time, item) {
			return d.user == id, d.lastUsed, item{"last_used_at": d.lastUsed, "expires_at": d.expires, "failures": d.failures}
		}),
		"mails": exported(s.mails, func(m *mail) (bool, time.Time, item) {
			mine := m.order.UserID == id || m.order.UserID == "" && m.Realm == a.realm && m.order.Canonical == a.canonical
			return mine, m.OrderedAt, item{
				"id": m.ID, "kind": m.Kind, "email": m.order.Email, "created_at": m.OrderedAt, "failed_at": orNull(m.failedAt),
			}
		}),
		"links": exported(s.links, func(l *link) (bool, time.Time, item) {
			return l.user == id, l.made, item{"kind": l.kind, "email": l.email, "created_at": l.made, "expires_at": l.expires}
		}),
		"events": s.exportedEvents(a),
	})
}

// exportedEvents leaves out the client of other people, such as an operator, or of a failed login
// at an address that was not proved (SEC-185).
func (s *Store[U]) exportedEvents(a *account[U]) []item {
	list := s.eventsOf(a.ID, time.Time{})
	list = list[:min(len(list), maxListed)]
	slices.Reverse(list)
	items := []item{}
	for _, e := range list {
		unproved := e.Detail["address_unproved"] != ""
		maps.DeleteFunc(e.Detail, func(key, _ string) bool { return key == "identifier" || key == "address_unproved" })
		i := item{
			"at": e.At, "kind": e.Kind, "outcome": e.Outcome, "by_me": ownID(e.Actor) == ownID(a.ID),
			"operation": e.Operation, "request_id": e.RequestID, "detail": e.Detail,
		}
		if ownID(e.Actor) == ownID(a.ID) || e.Actor == "" && a.VerifiedAt != nil && !unproved {
			i["ip"], i["user_agent"], i["session"] = addrOf(e.Origin), e.Origin.UserAgent, e.Session
		}
		items = append(items, i)
	}
	return items
}

// exported returns the entries of a user, the oldest first.
func exported[K comparable, V any](all map[K]V, of func(V) (mine bool, at time.Time, i item)) []item {
	type dated struct {
		at time.Time
		item
	}
	var list []dated
	for _, value := range all {
		if mine, at, i := of(value); mine {
			list = append(list, dated{at, i})
		}
	}
	slices.SortFunc(list, func(a, b dated) int { return a.at.Compare(b.at) })
	items := []item{}
	for _, d := range list[max(0, len(list)-maxListed):] {
		items = append(items, d.item)
	}
	return items
}

// joined returns null for nil, which means everything that the user may do.
func joined(scopes []string) any {
	if scopes == nil {
		return nil
	}
	return strings.Join(scopes, " ")
}

func orNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

func textOrNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func addrOf(o driver.Origin) any {
	if !o.Addr.IsValid() {
		return nil
	}
	return o.Addr.String()
}
