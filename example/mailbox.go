package main

import (
	"context"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth"
	"github.com/ginauth/ginauth/ginauth/email"
)

// mailboxSize is how many mails are kept, the newest ones.
const mailboxSize = 50

// mailbox is an email.Sender for development: instead of sending mails, it keeps those of this process in
// memory and shows them on a page to everybody, on localhost. No real app may have that: whoever reads
// them can log in as anybody.
type mailbox struct {
	links *regexp.Regexp

	mu      sync.Mutex
	letters []letter // oldest first
}

// letter is a mail as the page shows it.
type letter struct {
	To, Subject string
	Date        time.Time
	Text        []piece
}

// piece is some of a letter's text.
type piece struct {
	Text string
	Link bool
}

// newMailbox returns one that makes links of addresses below url or below that of a tenant, and of no other.
func newMailbox(url string, of ...string) *mailbox {
	patterns := []string{regexp.QuoteMeta(url)}
	for _, tenant := range of {
		own, _ := urlOf(url)(tenant) // url is valid
		patterns = append(patterns, regexp.QuoteMeta(own))
	}
	return &mailbox{links: regexp.MustCompile(`(` + strings.Join(patterns, "|") + `)/\S*`)}
}

// Send keeps a mail.
func (b *mailbox) Send(_ context.Context, m email.Message) error {
	l := letter{To: m.To, Subject: m.Subject, Date: m.Date, Text: b.pieces(m.Plain)}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.letters = append(b.letters, l)
	if over := len(b.letters) - mailboxSize; over > 0 {
		b.letters = slices.Delete(b.letters, 0, over)
	}
	return nil
}

func (b *mailbox) pieces(text string) (list []piece) {
	from := 0
	for _, at := range b.links.FindAllStringIndex(text, -1) {
		list = append(list, piece{Text: text[from:at[0]]}, piece{Text: text[at[0]:at[1]], Link: true})
		from = at[1]
	}
	return append(list, piece{Text: text[from:]})
}

// newest returns the letters, the last one first.
func (b *mailbox) newest() []letter {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := slices.Clone(b.letters)
	slices.Reverse(list)
	return list
}

// show is for this machine alone, although the app may listen on others' behalf and a Host is easily forged.
func (b *mailbox) show(c *gin.Context) {
	if peer, err := netip.ParseAddrPort(c.Request.RemoteAddr); err != nil || !peer.Addr().Unmap().IsLoopback() {
		ginauth.Fail(c, errNotFound)
		return
	}
	u, answered := visitor(c)
	if !answered {
		show(c, http.StatusOK, "mailbox", page{Title: "Mailbox", User: u, Letters: b.newest()})
	}
}
