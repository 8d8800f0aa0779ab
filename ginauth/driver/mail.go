package driver

import (
	"context"
	"errors"
	"time"

	"github.com/ginauth/ginauth/ginauth/password"
)

// Errors of Mails.
var (
	// ErrNoEmailToken means that a token is unknown, of another kind, expired, used or void, or
	// that its user may not use it.
	ErrNoEmailToken = errors.New("no such token")
	// ErrNoMail means that a mail must no longer be sent: it was withdrawn, or it concerns no user.
	ErrNoMail = errors.New("no such mail")
)

// MailKind is the purpose of a mail, and of the token in it.
type MailKind string

// The first five kinds have a token, which is valid for that purpose only.
const (
	// MailVerify proves the address of a new account.
	MailVerify MailKind = "verify"
	// MailReset sets a new password.
	MailReset MailKind = "reset"
	// MailLogin logs in.
	MailLogin MailKind = "login"
	// MailChange proves the new address of an account.
	MailChange MailKind = "change"
	// MailUndo tells the owner of the former address about the new one, and can restore the former
	// one.
	MailUndo MailKind = "undo"
	// MailTaken says that somebody tried to sign up with an address that has an account.
	MailTaken MailKind = "taken"
	// MailPassword says that the password was changed.
	MailPassword MailKind = "password"
	// MailNewBrowser says that there was a login with an unknown browser.
	MailNewBrowser MailKind = "device"
	// MailReuse says that a login was ended, because one of its tokens was used after it had been
	// replaced.
	MailReuse MailKind = "reuse"
)

// Mails keeps the mails to be sent and the tokens in them. Package email asks for it. The store
// enforces the ends of tokens and leases by one clock.
type Mails[U any] interface {
	// CreateUserAndMail stores a new user as Users.CreateUser does, together with a mail of
	// MailVerify. If the address has an account, it stores a mail of MailTaken instead, and created
	// is false. Until the address is proved, FindCredential and FindArchived return no password for
	// the new user: a login with it would reveal that the address was free.
	CreateUserAndMail(ctx context.Context, n NewUser, fill func(*U) error, locale string) (created bool, err error)
	// QueueMail stores a mail, in the same steps whether or not the address has an account. If the
	// same order is already waiting to be sent, it stores nothing. ErrNoUser means that the order's
	// user does not exist.
	QueueMail(ctx context.Context, o MailOrder) error
	// ClaimMail returns mails that are due, at most limit, and hides them from other callers for
	// the lease. It waits for no parallel call: each mail goes to one of them. A mail that is not
	// settled becomes due again when the lease ends.
	ClaimMail(ctx context.Context, limit int, lease time.Duration) ([]Mail, error)
	// PrepareMail returns the recipient of a claimed mail and stores the digest of its token, if
	// its kind has one. Tokens of that kind in earlier mails to the user are void from then on,
	// except those of MailUndo: the way back from a thief's first change must outlive the second.
	// ErrNoMail means that the mail must not be sent. Nothing else may choose the address.
	PrepareMail(ctx context.Context, id MailID, digest Digest, lifetime time.Duration) (Recipient[U], error)
	// SettleMail records how an attempt ended. After a success the mail is removed. A failure of an
	// attempt other than the mail's last is ignored. An unknown mail is no error.
	SettleMail(ctx context.Context, id MailID, attempt int, o MailOutcome) error
	// FindEmailToken returns the user of a valid token and the address that the token proves, and
	// writes nothing. ErrNoEmailToken means that there is no such valid token.
	FindEmailToken(ctx context.Context, k MailKind, digest Digest) (U, string, error)
	// FindPendingPassword returns, for a valid token of MailVerify, the password that
	// CreateUserAndMail stored and that is not in force yet, or zero. It writes nothing.
	FindPendingPassword(ctx context.Context, digest Digest) (password.Hash, error)
	// UseEmailToken uses up a token, does what it is for, and returns the user after that. It
	// restores an archived user, and voids the user's other tokens, with two exceptions. Tokens of
	// MailUndo stay, but the use of one voids those that are younger or lead to the same address.
	// Tokens of MailChange stay if the token was for MailVerify, or for a MailLogin that was not
	// the first proof of the address. Of parallel calls with one token, one succeeds.
	// ErrNoEmailToken means that there is no such valid token. ErrIdentifierTaken means that
	// another account has the address by now; the token then stays valid. A use of MailUndo takes
	// the address from an account that never proved it, and archives that account.
	UseEmailToken(ctx context.Context, use EmailTokenUse) (U, error)
}

// MailID is a part of a mail's Message-ID, the same for every attempt.
type MailID string

// MailOrder is a request for a mail.
type MailOrder struct {
	Kind MailKind
	// UserID is set for MailChange, MailUndo, MailPassword, MailNewBrowser and MailReuse. For the
	// other kinds, Canonical finds the user when the mail is sent, so that the order reveals
	// nothing about accounts.
	UserID UserID
	// Email is the address as typed, and Canonical the form by which an account is found. A mail for
	// whoever has the address may name a username instead: it goes to the address of that user.
	Email, Canonical string
	// Locale is the language of the text, in the app's own terms. Empty means the default.
	Locale string
}

// Mail is a mail that a worker has claimed.
type Mail struct {
	ID   MailID
	Kind MailKind
	// Realm is that of the recipient. A link is for it, and so is the digest of its token; see
	// Digest.In.
	Realm  string
	Locale string
	// Attempt counts from one.
	Attempt int
	// OrderedAt is when the mail was first asked for, and Now is the time of the claim by the same
	// clock.
	OrderedAt, Now time.Time
}

// Recipient is the user who gets a mail.
type Recipient[U any] struct {
	User U
	// Email is the address that the store has for the user. For MailChange and the later kinds,
	// except MailTaken, it is the order's address: a notice goes to the owner at that time, even if
	// a thief has changed the address since.
	Email string
}

// MailOutcome says how an attempt to send a mail ended. The zero MailOutcome is success.
type MailOutcome struct {
	// Failure says why the mail was not sent, in at most 200 characters without addresses or
	// secrets. It is empty after a success.
	Failure string
	// RetryIn is when the next attempt may begin. With a Failure, zero means that the mail is given
	// up.
	RetryIn time.Duration
}

// EmailTokenUse is a token that was sent back.
type EmailTokenUse struct {
	Kind   MailKind
	Digest Digest
	// Hash is the new password of MailReset.
	Hash password.Hash
	// Locale is the language of the notice that follows, if any.
	Locale string
}
