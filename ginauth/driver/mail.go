package driver

import (
	"context"
	"errors"
	"time"

	"github.com/ginauth/ginauth/ginauth/password"
)

// What a store answers.
var (
	// ErrNoEmailToken means that a token is unknown, of another kind, expired, used or void, or that its
	// user may not use it.
	ErrNoEmailToken = errors.New("no such token")
	// ErrNoMail means that a mail must not be sent any more: it was withdrawn, or there is nobody
	// whom it concerns.
	ErrNoMail = errors.New("no such mail")
)

// MailKind is what a mail is for, and what the token in it is good for.
type MailKind string

// The mails. Those of the first five hold a token, which is good for that and nothing else.
const (
	// MailVerify proves the address of a new account.
	MailVerify MailKind = "verify"
	// MailReset sets a new password.
	MailReset MailKind = "reset"
	// MailLogin logs in.
	MailLogin MailKind = "login"
	// MailChange proves the address that an account is to have.
	MailChange MailKind = "change"
	// MailUndo tells the former address that the account has another, and goes back to it.
	MailUndo MailKind = "undo"
	// MailTaken tells that somebody wanted to sign up with an address that has an account.
	MailTaken MailKind = "taken"
	// MailPassword tells that the password was changed.
	MailPassword MailKind = "password"
	// MailNewBrowser tells that there was a login by a browser that was not known.
	MailNewBrowser MailKind = "device"
	// MailReuse tells that a login was ended because a token of it was used after it had been replaced.
	MailReuse MailKind = "reuse"
)

// Mails keeps the mails to be sent and the tokens in them. Package email asks for it. The store
// enforces the ends of tokens and leases by one clock.
type Mails[U any] interface {
	// CreateUserAndMail stores a new user as Users.CreateUser does, together with a mail of
	// MailVerify. Where the address has an account it stores a mail of MailTaken instead, and created
	// is false. Until the address is proved, FindCredential and FindArchived return no password for
	// the new user: a login with it would tell that the address was free.
	CreateUserAndMail(ctx context.Context, n NewUser, fill func(*U) error, locale string) (created bool, err error)
	// QueueMail stores a mail, in the same steps whether or not the address has an account. A mail
	// of the same order that was not sent yet is not stored again. ErrNoUser means that the order's
	// user does not exist.
	QueueMail(ctx context.Context, o MailOrder) error
	// ClaimMail returns mails that are due, at most limit, and hides them from other callers for the
	// lease. It waits for no parallel call: each mail goes to one of them. A mail that is not settled
	// becomes due again when the lease ends.
	ClaimMail(ctx context.Context, limit int, lease time.Duration) ([]Mail, error)
	// PrepareMail returns the recipient of a claimed mail and stores the digest of its token, if its
	// kind has one. Tokens of that kind in earlier mails to the user are void from then on, except
	// those of MailUndo: the way back from a thief's first change must outlive the second. ErrNoMail
	// means that the mail must not be sent. Nothing else may choose the address.
	PrepareMail(ctx context.Context, id MailID, digest Digest, lifetime time.Duration) (Recipient[U], error)
	// SettleMail says how an attempt ended. A successful one removes the mail. A failure of an
	// attempt that is not the mail's last is ignored. An unknown mail is no error.
	SettleMail(ctx context.Context, id MailID, attempt int, o MailOutcome) error
	// FindEmailToken returns the user of a good token and the address that the token proves, and
	// writes nothing. ErrNoEmailToken means that there is no such good token.
	FindEmailToken(ctx context.Context, k MailKind, digest Digest) (U, string, error)
	// FindPendingPassword returns the password that CreateUserAndMail stored and that is not in force
	// yet, for a good token of MailVerify, and writes nothing. Zero: there is none.
	FindPendingPassword(ctx context.Context, digest Digest) (password.Hash, error)
	// UseEmailToken spends a token and does what it is for, and returns the user as they are then. It
	// restores an archived user, and voids the user's other tokens, with these exceptions: tokens of
	// MailUndo stay, except that the use of one voids those that are younger or lead to the same
	// address; tokens of MailChange stay when MailVerify was used, or a MailLogin that was not the
	// first proof of the address. Of parallel calls with one token, one succeeds. ErrNoEmailToken
	// means that there is no such good token. ErrIdentifierTaken means that another account has the
	// address by now; the token stays good then. A use of MailUndo takes the address from an account
	// that never proved it, and archives that account.
	UseEmailToken(ctx context.Context, use EmailTokenUse) (U, error)
}

// MailID names a mail: it is part of its Message-ID, the same for every attempt.
type MailID string

// MailOrder is a mail to be sent.
type MailOrder struct {
	Kind MailKind
	// UserID is set for MailChange, MailUndo, MailPassword, MailNewBrowser and MailReuse. For the other kinds the user is looked up by
	// Canonical when the mail is sent, so that the order tells nothing about it.
	UserID UserID
	// Email is the address as typed, and Canonical the form by which an account is found.
	Email, Canonical string
	// Locale is the language of the text, in the app's own words. Empty: the default.
	Locale string
}

// Mail is an order that a worker has taken on.
type Mail struct {
	ID     MailID
	Kind   MailKind
	Locale string
	// Attempt counts from one.
	Attempt int
	// OrderedAt is when the mail was first asked for, and Now the same clock at the claim.
	OrderedAt, Now time.Time
}

// Recipient is whom a mail goes to.
type Recipient[U any] struct {
	User U
	// Email is the address that the store has for the user. For MailChange, and for the kinds after it except MailTaken, it is the
	// order's: a notice goes to the owner at that time, even if a thief has moved the account since.
	Email string
}

// MailOutcome is how an attempt to send a mail ended. The zero Outcome is success.
type MailOutcome struct {
	// Failure says why the mail was not sent, in at most 200 characters without addresses or
	// secrets. Empty: it was.
	Failure string
	// RetryIn is when the next attempt may begin. Zero with a Failure: the mail is given up.
	RetryIn time.Duration
}

// EmailTokenUse is a token that came back.
type EmailTokenUse struct {
	Kind   MailKind
	Digest Digest
	// Hash is the new password of MailReset.
	Hash password.Hash
	// Locale is the language of the notice that follows, if any.
	Locale string
}
