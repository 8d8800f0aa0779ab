// Browsers add minutes, and no goroutine of ours.

//go:build !race

package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"
)

// chrome is one headless Chromium for all tests: to start one takes longer than most of them.
var chrome = sync.OnceValues(func() (context.Context, error) {
	path, err := chromium()
	if err != nil {
		return nil, err
	}
	// The sandbox refuses root, and the pages are our own. Names below .test are this machine, over TLS too.
	ctx, cancel := chromedp.NewContext(context.Background(), chromedp.WithAllocatorOptions(
		chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.Flag("host-resolver-rules", "MAP *.test 127.0.0.1"), chromedp.Flag("ignore-certificate-errors", true),
	))
	atTheEnd(cancel)
	return ctx, chromedp.Do(ctx)
})

// browser is a private window, which shares nothing with those of other tests, at an example of its own.
type browser struct {
	*app

	ctx context.Context
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	return &browser{ctx: newWindow(t), app: newApp(t)}
}

func newWindow(t *testing.T) context.Context {
	t.Helper()
	all, err := chrome()
	switch {
	case errors.Is(err, errNoBrowser) && os.Getenv("CI") == "":
		t.Skip(err)
	case err != nil:
		t.Fatal(err)
	}
	ctx, cancel := chromedp.NewContext(all, chromedp.WithNewBrowserContext())
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(ctx, patience)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(chromedp.Run(ctx, chromedp.OuterHTML(chromedp.CSS("main"))))
		}
		stop()
		cancel()
	})
	return ctx
}

var errNoBrowser = errors.New("no browser is installed: apt-get install chromium")

// chromium is the browser's path. Where continuous integration runs, there is one.
func chromium() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errNoBrowser
}

func (b *browser) do(t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

func (b *browser) open(t *testing.T, path string) {
	t.Helper()
	b.do(t, chromedp.Navigate(b.url+path))
}

// fill types into fields, names and values by turns, and submits the last one's form.
func (b *browser) fill(t *testing.T, fields ...string) {
	t.Helper()
	var last chromedp.CSS
	for i := 0; i < len(fields); i += 2 {
		last = chromedp.CSS("#" + fields[i])
		b.do(t, chromedp.Clear(last), chromedp.SendKeys(last, fields[i+1]))
	}
	b.do(t, chromedp.Click(chromedp.CSS("main form button")))
}

// sees waits for an element, and wants its text.
func (b *browser) sees(t *testing.T, element chromedp.CSS, want string) {
	t.Helper()
	got, err := chromedp.Run(b.ctx, chromedp.Text(element))
	if err != nil || got != want {
		t.Fatalf("%s says %q (%v), not %q", element, got, err, want)
	}
}

func (b *browser) isAt(t *testing.T, path string) {
	t.Helper()
	if got, err := chromedp.Run(b.ctx, chromedp.Location()); err != nil || got != b.url+path {
		t.Fatalf("the browser is at %s (%v), not at %s", got, err, path)
	}
}

func (b *browser) cookies(t *testing.T) []*network.Cookie {
	t.Helper()
	got, err := chromedp.Call(b.ctx, network.GetCookies, network.GetCookiesParams{URLs: []string{b.url}})
	if err != nil {
		t.Fatal(err)
	}
	return got.Cookies
}

func TestBrowserSignsUpLogsOutAndLogsInAgain(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	b.open(t, "/")
	b.do(t, chromedp.Click(chromedp.CSS(`main a[href="/signup"]`)), chromedp.WaitVisible(chromedp.CSS("#name")))
	b.fill(t, "name", "Ada Lovelace", "email", "ada@example.com", "password", passphrase)
	b.sees(t, ".person h1", "Ada Lovelace")
	b.isAt(t, "/user")

	b.do(t, chromedp.Click(chromedp.CSS(`form[action="/logout"] button`)))
	b.sees(t, ".hero h1", "Accounts and sessions, without the glue")
	b.isAt(t, "/")
	if left := b.cookies(t); len(left) != 1 || left[0].Name != "device" {
		t.Errorf("after the logout there are the cookies %+v", left)
	}

	b.open(t, "/user")
	b.sees(t, ".note", "Log in to see that page.")
	b.isAt(t, "/login?next=%2Fuser")
	b.fill(t, "email", "ada@example.com", "password", passphrase)
	b.sees(t, ".person h1", "Ada Lovelace")
	b.isAt(t, "/user")
}

func TestBrowserShowsWhatIsWrong(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	b.open(t, "/login")
	b.fill(t, "email", "ada@example.com", "password", "not the right one")
	b.sees(t, ".alert", wrongPassword)
	b.has(t, "email", "ada@example.com")
	b.has(t, "password", "")

	b.open(t, "/signup")
	b.fill(t, "name", "Ada Lovelace", "email", "ada@example.com", "password", "passwordpassword")
	b.sees(t, "#password-error", "Password is too easy to guess.")
	b.has(t, "name", "Ada Lovelace")
	b.has(t, "password", "")
	focused, err := chromedp.Run(b.ctx, chromedp.Evaluate[string]("document.activeElement.id"))
	if err != nil || focused != "password" {
		t.Errorf("the focus is on %q (%v), not on the field at fault", focused, err)
	}
	if sent := b.cookies(t); len(sent) > 0 {
		t.Errorf("failures led to %d cookies", len(sent))
	}
}

// has wants a field's value.
func (b *browser) has(t *testing.T, field, want string) {
	t.Helper()
	if got, err := chromedp.Run(b.ctx, chromedp.Value(chromedp.CSS("#"+field))); err != nil || got != want {
		t.Errorf("%s has %q (%v), not %q", field, got, err, want)
	}
}

// As the DevTools protocol shows it. Secure and the prefix are missing on localhost only.
func TestBrowserKeepsTheCookieToItself(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	b.open(t, "/signup")
	b.fill(t, "name", "Ada Lovelace", "email", "ada@example.com", "password", passphrase)
	b.sees(t, ".person h1", "Ada Lovelace")
	type flags struct {
		Name, Domain, Path string // a Domain without a dot before it is this host alone
		HTTPOnly, Session  bool
		SameSite           network.CookieSameSite
	}
	var got []flags
	for _, k := range b.cookies(t) {
		got = append(got, flags{k.Name, k.Domain, k.Path, k.HTTPOnly, k.Session, k.SameSite})
	}
	slices.SortFunc(got, func(a, b flags) int { return strings.Compare(a.Name, b.Name) })
	want := []flags{
		{"device", "localhost", "/", true, false, network.CookieSameSiteLax},
		{"session", "localhost", "/", true, true, network.CookieSameSiteLax},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	seen, err := chromedp.Run(b.ctx, chromedp.Evaluate[string]("document.cookie"))
	if err != nil || seen != "" {
		t.Errorf("a script would see %q (%v)", seen, err)
	}
}

func TestBrowserNeedsNeitherMouseNorScripts(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	b.open(t, "/")
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	b.do(t, chromedp.Reload())
	b.press(t, kb.Tab, kb.Tab, kb.Tab, kb.Tab, kb.Enter) // skip link, name, Log in, Sign up
	b.do(t, chromedp.WaitVisible(chromedp.CSS("#name")))
	b.press(t, "Ada Lovelace", kb.Tab, "ada@example.com", kb.Tab, passphrase, kb.Enter)
	b.sees(t, ".person h1", "Ada Lovelace")
	b.press(t, kb.Tab, kb.Tab, kb.Tab, kb.Tab, kb.Tab, kb.Tab) // skip link, name, Profile, Account, Tokens, Log out
	outline, err := chromedp.Run(b.ctx, chromedp.Evaluate[string]("getComputedStyle(document.activeElement).outlineStyle"))
	if err != nil || outline != "solid" {
		t.Errorf("the focus is drawn %q (%v)", outline, err)
	}
	b.press(t, kb.Enter) // Log out
	b.sees(t, ".tag", "Gin and PostgreSQL")
}

func (b *browser) press(t *testing.T, keys ...string) {
	t.Helper()
	for _, k := range keys {
		b.do(t, chromedp.KeyEvent(k))
	}
}

func TestBrowserShowsThePagesByDayAndByNight(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	b.open(t, "/")
	seen := map[string]bool{}
	for _, scheme := range []string{"light", "dark"} {
		b.do(t, prefer(scheme))
		color, err := chromedp.Run(b.ctx, chromedp.Evaluate[string]("getComputedStyle(document.body).backgroundColor"))
		if err != nil {
			t.Fatal(err)
		}
		seen[color] = true
	}
	if len(seen) != 2 {
		t.Errorf("both are drawn on %v", seen)
	}
}

// prefer sets the visitor's preference for light or dark pages.
func prefer(scheme string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return err
	})
}
