package memory

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ginauth/ginauth/ginauth/driver"
)

const (
	// maxFailed and keptFailed limit what stays of mails that could not be sent.
	maxFailed  = 1000
	keptFailed = 7 * 24 * time.Hour
	maxLocale  = 35
	// unsentUndo is how long an unsent link that undoes a change of address keeps an archived user.
	unsentUndo = 7 * 24 * time.Hour
)

// mail is a mail that is waiting or was given up.
type mail struct {
	driver.Mail
	order    driver.MailOrder
	due      time.Time
	failure  string
	failedAt time.Time
}

// CreateUserAndMail implements driver.Mails. Fill runs once, before the store is locked.
func (s *Store[U]) CreateUserAndMail(ctx context.Context, n driver.NewUser, fill func(*U) error, locale string) (created bool, err error) {
	n.Username, n.CanonicalUsername = "", ""
	a, err := s.filled(ctx, n, fill)
	if err != nil {
		return false, err
	}
	a.pending = true
	now, err := s.enter(ctx)
	if err != nil {
		return false, err
	}
	defer s.leave()
	if err := s.room(len(s.users)); err != nil { // whether or not the address has an account
		return false, err
	}
	o := driver.MailOrder{Kind: driver.MailVerify, Email: n.Email, Canonical: n.Canonical, Locale: locale}
	taken := s.byCanonical[identity{a.realm, n.Canonical}] != nil
	if taken {
		o.Kind = driver.MailTaken
	}
	if err := s.queue(now, a.realm, o); err != nil {
		return false, err
	}
	if taken {
		e := driver.NewEvent(ctx, driver.UserCreated, "")
		e.Outcome = driver.Failure
		s.record(now, e)
		return false, nil
	}
	s.insert(ctx, now, a)
	return true, nil
}

// QueueMail implements driver.Mails.
func (s *Store[U]) QueueMail(ctx context.Context, o driver.MailOrder) error {
	now, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer s.leave()
	realm := driver.Realm(ctx)
	if o.UserID != "" {
		a := s.users[o.UserID]
		if a == nil {
			return driver.ErrNoUser
		}
		realm = a.realm
	}
	return s.queue(now, realm, o)
}

// namesUser says whether a mail is for one user and goes to the order's address. Other mails are
// for the user who has the address now.
func namesUser(k driver.MailKind) bool {
	switch k {
	case driver.MailChange, driver.MailUndo, driver.MailPassword, driver.MailNewBrowser, driver.MailReuse:
		return true
	default:
		return false
	}
}

func (s *Store[U]) queue(now time.Time, realm string, o driver.MailOrder) error {
	if o.Email == "" || o.Canonical == "" || len(o.Locale) > maxLocale || (o.UserID != "") != namesUser(o.Kind) {
		return errors.New("queueing a mail: it needs an address, a locale of at most 35 bytes, and a user for some kinds")
	}
	for _, m := range s.mails {
		if m.failedAt.IsZero() && m.Kind == o.Kind && m.Realm == realm && m.order.UserID == o.UserID && m.order.Canonical == o.Canonical {
			return nil
		}
	}
	if err := s.room(len(s.mails)); err != nil {
		return err
	}
	id, err := uuid.NewV7() // sorts mails of the same moment
	if err != nil {
		return err
	}
	m := &mail{order: o, due: now, Mail: driver.Mail{ID: driver.MailID(id.String()), Kind: o.Kind, Realm: realm, Locale: o.Locale, OrderedAt: now}}
	s.mails[m.ID] = m
	return nil
}

// tell queues a notice to a user whose address is proved, with Options.Mail. If there is no room,
// it is left out: the change itself has already happened.
func (s *Store[U]) tell(now time.Time, a *account[U], k driver.MailKind, locale string) {
	if s.mail && a != nil && a.VerifiedAt != nil && a.Email != "" {
		_ = s.queue(now, a.realm, driver.MailOrder{Kind: k, UserID: a.ID, Email: a.Email, Canonical: a.canonical, Locale: locale})
	}
}

// ClaimMail implements driver.Mails.
func (s *Store[U]) ClaimMail(ctx context.Context, limit int, lease time.Duration) ([]driver.Mail, error) {
	if limit <= 0 || lease <= 0 {
		return nil, errors.New("claiming mail: it needs a positive limit and lease")
	}
	now, err := s.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer s.leave()
	var due []*mail
	for _, m := range s.mails {
		if m.failedAt.IsZero() && !m.due.After(now) {
			due = append(due, m)
		}
	}
	slices.SortFunc(due, func(a, b *mail) int { return cmp.Or(a.due.Compare(b.due), cmp.Compare(a.ID, b.ID)) })
	var list []driver.Mail
	for _, m := range due[:min(limit, len(due))] {
		m.Attempt++
		m.Now, m.due = now, now.Add(lease)
		list = append(list, m.Mail)
	}
	return list, nil
}

// PrepareMail implements driver.Mails.
func (s *Store[U]) PrepareMail(ctx context.Context, id driver.MailID, digest driver.Digest, lifetime time.Duration) (driver.Recipient[U], error) {
	now, err := s.enter(ctx)
	if err != nil {
		return driver.Recipient[U]{}, err
	}
	defer s.leave()
	m := s.mails[id]
	a := s.recipient(m)
	if a == nil {
		return driver.Recipient[U]{}, driver.ErrNoMail
	}
	to, canonical := driver.Recipient[U]{User: s.user(a), Email: a.Email}, a.canonical
	if namesUser(m.Kind) {
		canonical = m.order.Canonical
		to.Email = m.order.Email // the owner's address then, even if a thief has changed it since (SEC-111)
	}
	if lifetime <= 0 {
		return to, nil
	}
	if s.links[digest] != nil {
		return driver.Recipient[U]{}, errors.New("preparing a mail: the token exists already")
	}
	if err := s.room(len(s.links)); err != nil {
		return driver.Recipient[U]{}, err
	}
	s.dropLinks(a.ID, func(l *link) bool { return l.kind == m.Kind && l.kind != driver.MailUndo && l.mail != id })
	s.links[digest] = &link{
		kind: m.Kind, user: a.ID, mail: id, email: to.Email, canonical: canonical, made: m.OrderedAt, expires: now.Add(lifetime),
	}
	return to, nil
}

// recipient returns the user of a mail, or nil if there is none, or no longer.
func (s *Store[U]) recipient(m *mail) *account[U] {
	if m == nil || !m.failedAt.IsZero() {
		return nil
	}
	at := s.identified(m.Realm, m.order.Canonical)
	a := at
	if m.order.UserID != "" {
		a = s.users[m.order.UserID]
	}
	if a == nil || a.DisabledAt != nil && !a.archived() {
		return nil
	}
	good := at == a && a.Email != ""
	switch m.Kind {
	case driver.MailVerify:
		good = good && a.VerifiedAt == nil
	case driver.MailChange:
		good = at == nil || at == a
	case driver.MailUndo, driver.MailPassword, driver.MailNewBrowser, driver.MailReuse:
		good = true
	default: // for the user who has the address now
	}
	if !good {
		return nil
	}
	return a
}

// SettleMail implements driver.Mails. A mail that is given up stays for 7 days, the newest 1000 of
// them.
func (s *Store[U]) SettleMail(ctx context.Context, id driver.MailID, attempt int, o driver.MailOutcome) error {
	now, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer s.leave()
	m := s.mails[id]
	switch {
	case m == nil:
	case o.Failure == "":
		delete(s.mails, id)
	case m.Attempt != attempt || !m.failedAt.IsZero():
	case o.RetryIn > 0:
		m.failure, m.due = o.Failure, now.Add(o.RetryIn)
	default:
		m.failure, m.failedAt = o.Failure, now
		s.dropFailed(now)
	}
	return nil
}

func (s *Store[U]) dropFailed(now time.Time) {
	var failed []*mail
	for _, m := range s.mails {
		if !m.failedAt.IsZero() {
			failed = append(failed, m)
		}
	}
	slices.SortFunc(failed, func(a, b *mail) int { return cmp.Or(b.failedAt.Compare(a.failedAt), cmp.Compare(a.ID, b.ID)) })
	for i, m := range failed {
		if i >= maxFailed || m.failedAt.Before(now.Add(-keptFailed)) {
			delete(s.mails, m.ID)
		}
	}
}

// withdraw deletes the mails of a kind to a user that were ordered at a time or later.
func (s *Store[U]) withdraw(user driver.UserID, k driver.MailKind, since time.Time) {
	for id, m := range s.mails {
		if m.order.UserID == user && m.Kind == k && !m.OrderedAt.Before(since) && (m.failedAt.IsZero() || k == driver.MailUndo) {
			delete(s.mails, id)
		}
	}
}
