// Browsers add minutes, and no goroutine of ours.

//go:build !race

package main

import (
	"html"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// another is a window that shares nothing with b but the app, as another device would.
func (b *browser) another(t *testing.T) *browser {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	return &browser{ctx: ctx, app: b.app}
}

var linkOfLetter = regexp.MustCompile(`<a href="([^"]*)"`)

// mail waits for one to an address with a link to a path, and returns the link.
func (b *browser) mail(t *testing.T, to, path string) string {
	t.Helper()
	reader := newClient(t, b.url)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) { // the browser may still be at it
		if _, err := b.mails.SendDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, letter := range strings.Split(reader.get(t, "/mailbox").body, `class="letter"`)[1:] {
			if !strings.Contains(letter, `class="hint">to `+to+` `) {
				continue
			}
			for _, found := range linkOfLetter.FindAllStringSubmatch(letter, -1) {
				if link := html.UnescapeString(found[1]); strings.HasPrefix(link, b.url+path+"?token=") {
					return link
				}
			}
		}
	}
	t.Fatalf("no mail to %s leads to %s", to, path)
	return ""
}

// send submits the form that goes to a path, after typing into its fields, names and values by turns.
func (b *browser) send(t *testing.T, action string, fields ...string) {
	t.Helper()
	form := `form:is([action="` + action + `"], [action^="` + action + `?page="]) `
	for i := 0; i < len(fields); i += 2 {
		field := chromedp.CSS(form + "#" + fields[i])
		b.do(t, chromedp.Clear(field), chromedp.SendKeys(field, fields[i+1]))
	}
	b.do(t, chromedp.Click(chromedp.CSS(form+"button")))
}

func (b *browser) follow(t *testing.T, link string) {
	t.Helper()
	b.do(t, chromedp.Navigate(link))
}

func (b *browser) signUp(t *testing.T) {
	t.Helper()
	b.open(t, "/signup")
	b.fill(t, "name", "Ada Lovelace", "email", "ada@example.com", "password", passphrase)
	b.sees(t, ".person h1", "Ada Lovelace")
}

// isAtPageOf is isAt for the page of a link: the token is not in its address.
func (b *browser) isAtPageOf(t *testing.T, path string) {
	t.Helper()
	if got, err := chromedp.Run(b.ctx, chromedp.Location()); err != nil || !strings.HasPrefix(got, b.url+path+"?page=") || strings.Contains(got, "token") {
		t.Fatalf("the browser is at %s (%v), not at the page of a link to %s", got, err, path)
	}
}

// isLoggedOut looks at a page that only users can see.
func (b *browser) isLoggedOut(t *testing.T) {
	t.Helper()
	b.open(t, "/user")
	b.isAt(t, "/login?next=%2Fuser")
}

// SEC-77, SEC-109
func TestBrowserForgetsItsPassword(t *testing.T) {
	t.Parallel()
	old := newBrowser(t)
	old.signUp(t)
	b := old.another(t)
	b.open(t, "/login")
	b.do(t, chromedp.Click(chromedp.CSS(`main a[href="/forgot"]`)), chromedp.WaitVisible(chromedp.CSS(`form[action="/forgot"]`)))
	b.send(t, "/forgot", "email", "ada@example.com")
	b.do(t, chromedp.WaitVisible(chromedp.CSS(`main a[href="/mailbox"]`)))

	b.follow(t, b.mail(t, "ada@example.com", "/reset"))
	b.sees(t, "main strong", "ada@example.com")
	b.isAtPageOf(t, "/reset")
	b.send(t, "/reset", "password", "passwordpassword")
	b.sees(t, "#password-error", "Password is too easy to guess.")
	b.send(t, "/reset", "password", newPassphrase)
	b.do(t, chromedp.Click(chromedp.CSS(`main a[href="/login"]`)), chromedp.WaitVisible(chromedp.CSS(`form[action="/login"]`)))

	old.isLoggedOut(t)
	b.send(t, "/login", "email", "ada@example.com", "password", passphrase)
	b.sees(t, ".alert", wrongPassword)
	b.send(t, "/login", "email", "ada@example.com", "password", newPassphrase)
	b.sees(t, ".person h1", "Ada Lovelace")
}

// tab is another page of the same browser.
func (b *browser) tab(t *testing.T) *browser {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	t.Cleanup(cancel)
	return &browser{ctx: ctx, app: b.app}
}

// SEC-187
func TestBrowserDoesInEachTabWhatItShows(t *testing.T) {
	t.Parallel()
	adas := newBrowser(t)
	adas.signUp(t)
	grace := adas.another(t)
	grace.open(t, "/signup")
	grace.fill(t, "name", "Grace Hopper", "email", "grace@example.com", "password", passphrase)
	grace.sees(t, ".person h1", "Grace Hopper")
	both := adas.another(t)
	for _, address := range []string{"ada@example.com", "grace@example.com"} {
		both.open(t, "/magic/send")
		both.send(t, "/magic/send", "email", address)
		both.do(t, chromedp.WaitVisible(chromedp.CSS(`main a[href="/mailbox"]`)))
	}
	both.follow(t, both.mail(t, "ada@example.com", "/magic"))
	both.sees(t, "main strong", "ada@example.com")
	second := both.tab(t)
	second.follow(t, both.mail(t, "grace@example.com", "/magic"))
	second.sees(t, "main strong", "grace@example.com")
	third := both.tab(t)
	third.follow(t, both.url+"/magic?token="+strings.Repeat("A", 43))
	third.sees(t, ".alert", "This link is not good any more. Ask for a new one.")

	both.send(t, "/magic")
	both.sees(t, ".person h1", "Ada Lovelace")
	second.send(t, "/magic")
	second.sees(t, ".person h1", "Grace Hopper")
}

// SEC-187
func TestBrowserWithoutCookiesIsToldSo(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	b.signUp(t)
	b.open(t, "/forgot")
	b.send(t, "/forgot", "email", "ada@example.com")
	b.do(t, chromedp.WaitVisible(chromedp.CSS(`main a[href="/mailbox"]`)))
	link := b.mail(t, "ada@example.com", "/reset")
	b.do(t, chromedp.Click(chromedp.CSS(`main a[href="/mailbox"]`)), chromedp.Click(chromedp.CSS(`.letter a[href="`+link+`"]`)))
	b.sees(t, "main strong", "ada@example.com")
	page, err := chromedp.Run(b.ctx, chromedp.Location())
	if err != nil {
		t.Fatal(err)
	}
	blocked := b.another(t)
	blocked.follow(t, page)
	blocked.sees(t, ".alert", "Open the link in the mail again. If you have just done so, your browser keeps no cookies of this site: "+
		"allow them, since the link does not work without.")
}

// SEC-85
func TestBrowserLogsInByMail(t *testing.T) {
	t.Parallel()
	first := newBrowser(t)
	first.signUp(t)
	b := first.another(t)
	b.open(t, "/magic/send")
	b.send(t, "/magic/send", "email", "ada@example.com")
	b.do(t, chromedp.WaitVisible(chromedp.CSS(`main a[href="/mailbox"]`)))
	link := b.mail(t, "ada@example.com", "/magic")
	for range 2 { // a scanner, and a person in a hurry
		scanner := b.another(t)
		scanner.follow(t, link)
		scanner.sees(t, "main strong", "ada@example.com")
		scanner.isLoggedOut(t)
	}
	b.follow(t, link)
	b.sees(t, "main strong", "ada@example.com")
	b.isAtPageOf(t, "/magic")
	b.send(t, "/magic")
	b.sees(t, ".person h1", "Ada Lovelace")
	b.isAt(t, "/user")

	again := b.another(t)
	again.follow(t, link)
	again.sees(t, ".alert", "This link is not good any more. Ask for a new one.")
}

func TestBrowserChangesItsAddressAndUndoesIt(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	b.signUp(t)
	b.follow(t, b.mail(t, "ada@example.com", "/verify"))
	b.send(t, "/verify")
	b.do(t, chromedp.Click(chromedp.CSS(`main a[href="/account"]`)), chromedp.WaitVisible(chromedp.CSS("#email")))

	b.send(t, "/email", "email", "thief@example.org")
	b.do(t, chromedp.WaitVisible(chromedp.CSS(`main a[href="/mailbox"]`)))
	b.follow(t, b.mail(t, "thief@example.org", "/email/confirm"))
	b.sees(t, "main strong", "thief@example.org")
	b.send(t, "/email/confirm")
	b.do(t, chromedp.WaitVisible(chromedp.CSS(`main a[href="/account"]`)))
	b.open(t, "/user")
	b.sees(t, ".person p", "thief@example.org")

	owner := b.another(t)
	owner.follow(t, b.mail(t, "ada@example.com", "/email/undo"))
	owner.sees(t, "main strong", "ada@example.com")
	owner.send(t, "/email/undo")
	owner.do(t, chromedp.Click(chromedp.CSS(`main a[href="/forgot"]`)), chromedp.WaitVisible(chromedp.CSS(`form[action="/forgot"]`)))
	b.isLoggedOut(t)
	b.send(t, "/login", "email", "ada@example.com", "password", passphrase)
	b.sees(t, ".alert", wrongPassword)

	owner.send(t, "/forgot", "email", "ada@example.com")
	owner.do(t, chromedp.WaitVisible(chromedp.CSS(`main a[href="/mailbox"]`)))
	owner.follow(t, b.mail(t, "ada@example.com", "/reset"))
	owner.send(t, "/reset", "password", newPassphrase)
	owner.do(t, chromedp.Click(chromedp.CSS(`main a[href="/login"]`)), chromedp.WaitVisible(chromedp.CSS(`form[action="/login"]`)))
	owner.send(t, "/login", "email", "ada@example.com", "password", newPassphrase)
	owner.sees(t, ".person p", "ada@example.com")
}

func TestBrowserLeavesAndComesBack(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	b.signUp(t)
	other := b.another(t)
	other.open(t, "/login")
	other.send(t, "/login", "email", "ada@example.com", "password", passphrase)
	other.sees(t, ".person h1", "Ada Lovelace")

	b.open(t, "/account")
	b.send(t, "/user/archive")
	b.do(t, chromedp.WaitVisible(chromedp.CSS(`form[action="/restore"]`)))
	b.isAt(t, "/restore")
	other.isLoggedOut(t)
	other.send(t, "/login", "email", "ada@example.com", "password", passphrase)
	other.sees(t, ".alert", wrongPassword)

	b.send(t, "/restore", "email", "ada@example.com", "password", passphrase)
	b.sees(t, ".person h1", "Ada Lovelace")
	other.send(t, "/login", "email", "ada@example.com", "password", passphrase)
	other.sees(t, ".person h1", "Ada Lovelace")
	other.isAt(t, "/user")
}
