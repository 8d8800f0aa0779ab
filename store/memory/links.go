package memory

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ginauth/ginauth/ginauth/driver"
	"github.com/ginauth/ginauth/ginauth/password"
)

// releasedGrace is how long an account is kept after it lost its address, as in package store.
const releasedGrace = 30 * 24 * time.Hour

// link is a token in a mail. Made is when the mail was ordered.
type link struct {
	kind             driver.MailKind
	user             driver.UserID
	mail             driver.MailID
	email, canonical string
	made, expires    time.Time
}

// good returns a valid link and its user, who may be archived, but not disabled in another way.
func (s *Store[U]) good(k driver.MailKind, d driver.Digest, now time.Time) (*link, *account[U]) {
	l := s.links[d]
	if l == nil || l.kind != k || !l.expires.After(now) {
		return nil, nil
	}
	a := s.users[l.user]
	if a == nil || a.DisabledAt != nil && !a.archived() {
		return nil, nil
	}
	if k != driver.MailChange && k != driver.MailUndo && l.canonical != a.canonical {
		return nil, nil // the account has another address now (SEC-104)
	}
	return l, a
}

// FindEmailToken implements driver.Mails.
func (s *Store[U]) FindEmailToken(ctx context.Context, k driver.MailKind, d driver.Digest) (U, string, error) {
	var none U
	now, err := s.enter(ctx)
	if err != nil {
		return none, "", err
	}
	defer s.leave()
	l, a := s.good(k, d, now)
	if l == nil {
		return none, "", driver.ErrNoEmailToken
	}
	return s.user(a), l.email, nil
}

// FindPendingPassword implements driver.Mails.
func (s *Store[U]) FindPendingPassword(ctx context.Context, d driver.Digest) (password.Hash, error) {
	now, err := s.enter(ctx)
	if err != nil {
		return password.Hash{}, err
	}
	defer s.leave()
	if _, a := s.good(driver.MailVerify, d, now); a != nil && a.pending && a.VerifiedAt == nil {
		return a.hash, nil
	}
	return password.Hash{}, nil
}

// spent is a link that is being used.
type spent[U any] struct {
	*link
	use      driver.EmailTokenUse
	user     *account[U]
	first    bool // the address was not proved before
	archived bool
	former   driver.MailOrder
	released *account[U] // the account that had to give up the address
}

// UseEmailToken implements driver.Mails.
func (s *Store[U]) UseEmailToken(ctx context.Context, use driver.EmailTokenUse) (U, error) {
	var none U
	switch use.Kind {
	case driver.MailVerify, driver.MailLogin, driver.MailChange, driver.MailUndo:
	case driver.MailReset:
		if use.Hash.IsZero() {
			return none, errors.New("using a mailed token: the new password's hash is empty")
		}
	default:
		return none, driver.ErrNoEmailToken
	}
	now, err := s.enter(ctx)
	if err != nil {
		return none, err
	}
	defer s.leave()
	l, a := s.good(use.Kind, use.Digest, now)
	if l == nil {
		return none, driver.ErrNoEmailToken
	}
	p := spent[U]{
		link: l, use: use, user: a, first: a.VerifiedAt == nil, archived: a.archived(),
		former: driver.MailOrder{UserID: a.ID, Email: a.Email, Canonical: a.canonical, Locale: use.Locale},
	}
	if use.Kind == driver.MailChange || use.Kind == driver.MailUndo {
		if err := s.takeAddress(&p, now); err != nil {
			return none, err
		}
	}
	delete(s.links, use.Digest)
	s.apply(p, now)
	s.afterLink(ctx, p, now)
	return s.user(a), nil
}

// takeAddress gives the user the address of the link. A link that undoes a change takes it from an
// account that never proved it (SEC-184).
func (s *Store[U]) takeAddress(p *spent[U], now time.Time) error {
	holder := s.byCanonical[identity{p.user.realm, p.canonical}]
	if holder != nil && holder != p.user {
		if p.kind != driver.MailUndo || holder.VerifiedAt != nil {
			return driver.ErrIdentifierTaken
		}
		s.move(holder, nobodys(p.canonical))
		if holder.DisabledAt == nil {
			holder.DisabledAt, holder.deleteAfter = &now, now.Add(releasedGrace)
		}
		holder.epoch++
		holder.UpdatedAt = now
		p.released = holder
	}
	s.move(p.user, p.canonical)
	p.user.Email = p.email
	return nil
}

func (s *Store[U]) move(a *account[U], canonical string) {
	delete(s.byCanonical, identity{a.realm, a.canonical})
	a.canonical = canonical
	s.byCanonical[identity{a.realm, canonical}] = a
}

// nobodys returns an address of the same domain that no user can have: it contains a blank.
func nobodys(canonical string) string {
	_, domain, _ := strings.Cut(canonical, "@")
	return fmt.Sprintf("nobody %s@%s", rand.Text(), domain)
}

// apply does what the link is for. Each use voids the other links to the same mailbox (SEC-107).
func (s *Store[U]) apply(p spent[U], now time.Time) {
	a := p.user
	switch p.kind {
	case driver.MailVerify:
		s.voidLinksHere(a.ID)
	case driver.MailReset:
		a.hash, a.MustChangePassword = p.use.Hash, false
		s.endTrust(a)
	case driver.MailLogin:
		if !p.first {
			s.voidLinksHere(a.ID)
			break
		}
		a.hash = password.Hash{} // the maker of the account may be another person (SEC-113)
		s.endTrust(a)
	case driver.MailChange:
		if a.canonical != p.former.Canonical {
			s.forgetDevices(a.ID)
		}
		s.voidLinks(a.ID)
	case driver.MailUndo:
		a.hash = password.Hash{} // it may be the thief's
		s.endTrust(a)
		s.withdraw(a.ID, driver.MailUndo, p.made)
		s.dropLinks(a.ID, func(l *link) bool {
			return l.kind == driver.MailUndo && (!l.made.Before(p.made) || l.canonical == p.canonical)
		})
	default: // UseEmailToken takes no other kind
	}
	if p.kind == driver.MailChange || p.kind == driver.MailUndo || a.VerifiedAt == nil {
		a.VerifiedAt = &now
	}
	if p.kind != driver.MailLogin || p.first {
		a.UpdatedAt = now
	}
	if p.first && (p.kind == driver.MailReset || p.kind == driver.MailLogin) {
		sweepMap(s.factors, func(f *factor) bool { return f.user == a.ID })
	}
	if p.archived {
		a.enable(now)
	}
}

// endTrust ends everything of an account over which its user may have lost control (SEC-186).
func (s *Store[U]) endTrust(a *account[U]) {
	a.epoch++
	s.dropKeys(a.ID)
	s.forgetDevices(a.ID)
	s.voidLinks(a.ID)
}

// afterLink records what happened, and tells the user at the former address.
func (s *Store[U]) afterLink(ctx context.Context, p spent[U], now time.Time) {
	switch o := p.former; {
	case p.kind == driver.MailReset:
		o.Kind = driver.MailPassword
		_ = s.queue(now, p.user.realm, o)
	case p.kind == driver.MailChange && !p.first && o.Email != p.email:
		o.Kind = driver.MailUndo
		_ = s.queue(now, p.user.realm, o)
	}
	kind := driver.LinkUsed
	switch {
	case p.kind == driver.MailReset:
		kind = driver.LoginPasswordReset
	case p.kind == driver.MailChange:
		kind = driver.UserEmailChanged
	case p.kind == driver.MailUndo:
		kind = driver.UserEmailChangeUndone
	case p.kind == driver.MailVerify || p.first:
		kind = driver.UserVerified
	}
	e := detailed(driver.NewProofEvent(ctx, kind, p.user.ID), "link", string(p.kind))
	if p.first && (p.kind == driver.MailReset || p.kind == driver.MailLogin) {
		e = detailed(e, "first_proof", "true") // driver.Event.FirstProof
	}
	if p.archived {
		e = detailed(e, "restored", "true")
	}
	s.record(now, e)
	if p.released != nil {
		s.record(now, detailed(driver.NewEvent(ctx, driver.UserArchived, p.released.ID), "link", string(p.kind)))
	}
}

func (s *Store[U]) dropLinks(user driver.UserID, which func(*link) bool) {
	for d, l := range s.links {
		if l.user == user && which(l) {
			delete(s.links, d)
		}
	}
}

// voidLinks voids all links except those that undo a change of address.
func (s *Store[U]) voidLinks(user driver.UserID) {
	s.withdraw(user, driver.MailChange, time.Time{})
	s.dropLinks(user, func(l *link) bool { return l.kind != driver.MailUndo })
}

// voidLinksHere voids the links to the account's own mailbox.
func (s *Store[U]) voidLinksHere(user driver.UserID) {
	s.dropLinks(user, func(l *link) bool { return l.kind != driver.MailUndo && l.kind != driver.MailChange })
}

// wayBack returns when the last link expires that undoes a change of address, or zero.
func (s *Store[U]) wayBack(user driver.UserID, now time.Time) (end time.Time) {
	for _, l := range s.links {
		if l.user == user && l.kind == driver.MailUndo && l.expires.After(now) {
			end = later(end, l.expires)
		}
	}
	for _, m := range s.mails {
		if m.order.UserID == user && m.Kind == driver.MailUndo && m.failedAt.IsZero() && m.OrderedAt.Add(unsentUndo).After(now) {
			end = later(end, m.OrderedAt.Add(unsentUndo))
		}
	}
	return end
}
