// Browsers add minutes, and no goroutine of ours.

//go:build !race

package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"
)

// witness notes what a page asks the network for, and what it complains about.
type witness struct {
	mu       sync.Mutex
	requests []string
	errors   []string
}

func newWitness(t *testing.T, ctx context.Context) *witness {
	t.Helper()
	w := &witness{}
	err := chromedp.Listen(ctx, func(ev any) {
		w.mu.Lock()
		defer w.mu.Unlock()
		switch ev := ev.(type) {
		case *network.EventRequestWillBeSent:
			w.requests = append(w.requests, ev.Request.URL)
		case *runtime.EventExceptionThrown:
			w.errors = append(w.errors, ev.ExceptionDetails.Text)
		case *runtime.EventConsoleAPICalled:
			if ev.Type == runtime.ConsoleAPICalledTypeError {
				w.errors = append(w.errors, fmt.Sprint(ev.Args))
			}
		case *log.EventEntryAdded:
			if ev.Entry.Level == log.EntryLevelError {
				w.errors = append(w.errors, ev.Entry.Text)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// outside are the requests that did not go to the app.
func (w *witness) outside(app string) (outside []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, url := range w.requests {
		if !strings.HasPrefix(url, app+"/") && !strings.HasPrefix(url, "data:") {
			outside = append(outside, url)
		}
	}
	return outside
}

func (w *witness) complaints() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.errors...)
}

// tryOut sends an operation's example from the page, and wants the status of the live answer.
func (b *browser) tryOut(t *testing.T, operation, status string) {
	t.Helper()
	block := "#operations-" + operation
	execute := chromedp.CSS(block + " .execute")
	opened, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](fmt.Sprintf("document.querySelector(%q) !== null", execute)))
	if err != nil {
		t.Fatal(err)
	}
	if !opened {
		b.do(t, chromedp.Click(chromedp.CSS(block+" .opblock-summary-control")), chromedp.Click(chromedp.CSS(block+" .try-out__btn")))
	}
	b.do(t, chromedp.Click(execute))
	live := chromedp.CSS(block + " .live-responses-table tbody .response-col_status")
	got, err := chromedp.Run(b.ctx, chromedp.Poll[string](fmt.Sprintf("document.querySelector(%q)?.innerText", live)))
	if err != nil || !strings.HasPrefix(got, status) {
		t.Fatalf("%s answers %q (%v), not %s", operation, got, err, status)
	}
	b.do(t, chromedp.Click(chromedp.CSS(block+" .btn-clear")))
}

// The cookie is HttpOnly: the page never sees it, and the browser sends it all the same.
func TestBrowserTriesTheAPIFromItsDescription(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	b.describe(t)
	seen := newWitness(t, b.ctx)
	b.open(t, "/schema")
	b.do(t, chromedp.WaitVisible(chromedp.CSS("#operations-account-login")))
	for _, step := range []struct{ operation, status string }{
		{"account-signUp", "201"},
		{"account-logout", "204"},
		{"account-login", "200"},
		{"account-me", "200"},
		{"sessions-sessions", "200"},
		{"account-logout", "204"},
	} {
		b.tryOut(t, step.operation, step.status)
	}
	if diff := cmp.Diff([]string(nil), seen.complaints()); diff != "" {
		t.Errorf("the page complains:\n%s", diff)
	}
	b.tryOut(t, "account-me", "401")
	if diff := cmp.Diff([]string(nil), seen.outside(b.url)); diff != "" {
		t.Errorf("the page asks other hosts:\n%s", diff)
	}
	stored, err := chromedp.Run(b.ctx, chromedp.Evaluate[int]("localStorage.length + sessionStorage.length + document.cookie.length"))
	if err != nil || stored != 0 {
		t.Errorf("the page keeps %d things in the browser (%v)", stored, err)
	}
}
