package memory

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// The sizes of an event's texts, in characters, and how long events are kept, as in package store.
const (
	maxKind      = 64
	maxSession   = 36
	maxOperation = 200
	maxRequestID = 64
	maxDetail    = 200
	maxDetails   = 8
	retention    = 180 * 24 * time.Hour
)

// record stores an event at this time. If there is no room, it deletes the oldest event.
func (s *Store[U]) record(now time.Time, e driver.Event) {
	s.lastEvent++
	e.ID, e.At = s.lastEvent, now
	e.Kind = driver.EventKind(cut(string(e.Kind), maxKind))
	e.Session, e.Operation, e.RequestID = cut(e.Session, maxSession), cut(e.Operation, maxOperation), cut(e.RequestID, maxRequestID)
	e.Origin = cutOrigin(e.Origin)
	detail := e.Detail
	e.Detail = nil
	for key, value := range detail {
		if e.Detail == nil {
			e.Detail = map[string]string{}
		}
		e.Detail[cut(key, maxKind)] = cut(value, maxDetail)
	}
	if len(s.events) >= s.limit {
		s.events = s.events[1:]
	}
	s.events = append(s.events, e)
}

// RecordEvent implements driver.EventLog. An event without Kind or Outcome, or with more than 8
// details, is an error.
func (s *Store[U]) RecordEvent(ctx context.Context, e driver.Event) error {
	if e.Kind == "" || e.Outcome == "" || len(e.Detail) > maxDetails {
		return errors.New("recording an event: it needs a kind and an outcome, and at most 8 details")
	}
	now, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer s.leave()
	e.User, e.Actor = s.key(ctx, e.User), s.key(ctx, e.Actor)
	s.record(now, e)
	return nil
}

// UserEvents implements driver.EventLog. The limit is between 1 and 1000.
func (s *Store[U]) UserEvents(ctx context.Context, user driver.UserID, before time.Time, limit int) ([]driver.Event, error) {
	if limit <= 0 || limit > maxListed {
		return nil, errors.New("listing events: the limit must be between 1 and 1000")
	}
	if _, err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	list := s.eventsOf(s.key(ctx, user), before)
	for i := range list {
		list[i].User, list[i].Actor = ownID(list[i].User), ownID(list[i].Actor)
	}
	for limit < len(list) && list[limit].At.Equal(list[limit-1].At) {
		limit++
	}
	return list[:min(limit, len(list))], nil
}

// eventsOf returns copies of the user's events from before a time, the newest first.
func (s *Store[U]) eventsOf(user driver.UserID, before time.Time) (list []driver.Event) {
	for _, e := range s.events {
		if user != "" && e.User == user && (before.IsZero() || e.At.Before(before)) {
			e.Detail = maps.Clone(e.Detail)
			list = append(list, e)
		}
	}
	slices.SortFunc(list, func(a, b driver.Event) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.ID, a.ID)) })
	return list
}

func loginOf(ctx context.Context, user driver.UserID, session string, origin driver.Origin, methods driver.Methods) driver.Event {
	e := driver.NewProofEvent(ctx, driver.LoginSucceeded, user)
	e.Session, e.Origin = session, origin
	if methods != "" {
		detail := map[string]string{driver.DetailMethods: string(methods)}
		maps.Copy(detail, e.Detail)
		e.Detail = detail
	}
	return e
}

// lateUse records the use of a replaced token, perhaps by somebody other than the user. If that
// ended a login, it tells the user.
func (s *Store[U]) lateUse(ctx context.Context, now time.Time, kind driver.EventKind, user driver.UserID, session string) {
	e := driver.NewEvent(ctx, kind, user)
	e.Actor, e.Session = "", session
	s.record(now, e)
	if kind == driver.TokenReused {
		s.tell(now, s.users[user], driver.MailReuse, "")
	}
}

func detailed(e driver.Event, key, value string) driver.Event {
	if value == "" {
		return e
	}
	detail := map[string]string{key: value}
	maps.Copy(detail, e.Detail)
	e.Detail = detail
	return e
}

// cut returns a text that is valid and has at most so many characters.
func cut(s string, most int) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
	characters := 0
	for i := range s {
		if characters == most {
			return s[:i]
		}
		characters++
	}
	return s
}

func cutOrigin(o driver.Origin) driver.Origin {
	return driver.Origin{Addr: o.Addr.Unmap().WithZone(""), UserAgent: cut(o.UserAgent, driver.MaxUserAgent)}
}

// client is the same for two requests from one network prefix with one browser.
type client [sha256.Size]byte

func clientOf(ctx context.Context) client {
	cause, _ := driver.CauseOf(ctx)
	place := ""
	if prefix := cause.Origin.Prefix(32, 64); prefix.IsValid() {
		place = prefix.String()
	}
	return sha256.Sum256([]byte(place + "\n" + cut(cause.Origin.UserAgent, driver.MaxUserAgent)))
}
