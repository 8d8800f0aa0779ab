package email

import (
	"context"
	"errors"
	"time"
)

// ErrRefused means that a mail will never be taken, such as one to an address that does not exist. A
// Sender wraps it; any other error is tried again.
var ErrRefused = errors.New("the mail was refused")

// Sender hands mails over, such as to an SMTP server (package smtp) or to a provider's API.
type Sender interface {
	// Send hands one mail over and returns when it was taken. It must return when ctx ends, and be
	// safe for concurrent use. An error that wraps ErrRefused is final. A mail can come twice, with the
	// same ID, when the process dies after Send and before that was written down.
	Send(ctx context.Context, m Message) error
}

// SenderFunc is a function that is a Sender.
type SenderFunc func(ctx context.Context, m Message) error

// Send calls f.
func (f SenderFunc) Send(ctx context.Context, m Message) error { return f(ctx, m) }

// Message is a mail as it leaves. No field has a line break or NUL but Plain and HTML, whose
// lines end in "\n".
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
