package email

import (
	"context"
	"errors"
	"time"
)

// ErrRefused means that a mail will never be accepted, for example because its address does not
// exist. A Sender wraps it. After any other error the mail is tried again.
var ErrRefused = errors.New("the mail was refused")

// Sender sends mails, such as through an SMTP server (package smtp) or through the API of a
// provider.
type Sender interface {
	// Send sends one mail and returns when it was accepted. It must return when ctx ends, and be
	// safe for concurrent use. An error that wraps ErrRefused is final. A mail can come twice, with
	// the same ID, if the process crashes between Send and the note that it was sent.
	Send(ctx context.Context, m Message) error
}

// SenderFunc is a function that implements Sender.
type SenderFunc func(ctx context.Context, m Message) error

// Send calls f.
func (f SenderFunc) Send(ctx context.Context, m Message) error { return f(ctx, m) }

// Message is one mail. Only Plain and HTML may have line breaks; their lines end in "\n". No field
// contains a NUL.
type Message struct {
	// ID is the Message-ID without its angle brackets, the same for every attempt.
	ID string
	// From is Options.From; To is a bare address.
	From, To string
	Subject  string
	// Plain and HTML are two forms of the same text. HTML may be empty.
	Plain, HTML string
	Date        time.Time
}
