package main

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ginauth/ginauth/ginauth/email"
)

func TestMailboxKeepsTheNewestLetters(t *testing.T) {
	t.Parallel()
	box := newMailbox("http://localhost:8080")
	for i := range mailboxSize + 3 {
		if err := box.Send(t.Context(), email.Message{Subject: strconv.Itoa(i)}); err != nil {
			t.Fatal(err)
		}
	}
	list := box.newest()
	if len(list) != mailboxSize || list[0].Subject != strconv.Itoa(mailboxSize+2) || list[mailboxSize-1].Subject != "3" {
		t.Errorf("%d letters, from %q to %q", len(list), list[0].Subject, list[len(list)-1].Subject)
	}
}

func TestMailboxMakesLinksOfItsOwnAddressesOnly(t *testing.T) {
	t.Parallel()
	box := newMailbox("http://localhost:8080")
	const own = "http://localhost:8080/reset?token=x"
	for text, want := range map[string][]piece{
		"a " + own + "\nb":                    {{Text: "a "}, {Text: own, Link: true}, {Text: "\nb"}},
		"none":                                {{Text: "none"}},
		"https://evil.example/":               {{Text: "https://evil.example/"}},
		"http://localhost:8080.evil.example/": {{Text: "http://localhost:8080.evil.example/"}},
		"http://localhost:80801/":             {{Text: "http://localhost:80801/"}},
	} {
		if diff := cmp.Diff(want, box.pieces(text)); diff != "" {
			t.Errorf("%q:\n%s", text, diff)
		}
	}
}

// SEC-138
func TestMailboxShowsMailsAsText(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	box, ok := a.mails.Options().Sender.(*mailbox)
	if !ok {
		t.Fatalf("mails go to a %T", a.mails.Options().Sender)
	}
	c := newClient(t, a.url)
	c.get(t, "/mailbox").has(t, http.StatusOK, "No mail yet.")
	err := box.Send(t.Context(), email.Message{To: "<i>ada</i>@example.com", Subject: "<b>now</b>", Plain: "<script>x</script> " + a.url + `/"><script>`})
	if err != nil {
		t.Fatal(err)
	}
	got := c.get(t, "/mailbox")
	got.has(t, http.StatusOK, "&lt;b&gt;now&lt;/b&gt;", "&lt;i&gt;ada&lt;/i&gt;@example.com", "&lt;script&gt;x&lt;/script&gt;")
	if strings.Contains(got.body, "<script") || strings.Contains(got.body, "<b>") || strings.Contains(got.body, "<i>") {
		t.Errorf("the mail is markup:\n%s", got.body)
	}
}

// Another site that resolves to this machine gets no mails.
func TestMailboxAnswersOnLocalhostOnly(t *testing.T) {
	t.Parallel()
	c := newClient(t, newApp(t).url)
	r := c.request(t, http.MethodGet, "/mailbox", "")
	r.Host = "evil.example"
	c.do(t, r).has(t, http.StatusMisdirectedRequest, "answers on localhost only")
}

// Nor does another machine, whatever it says it wants.
func TestMailboxAnswersThisMachineOnly(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	for peer, status := range map[string]int{"127.0.0.1:1": http.StatusOK, "[::1]:1": http.StatusOK, "192.0.2.2:1": http.StatusNotFound, "@": http.StatusNotFound} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/mailbox", nil)
		r.Host, r.RemoteAddr = "localhost", peer
		w := httptest.NewRecorder()
		if a.engine.ServeHTTP(w, r); w.Code != status {
			t.Errorf("%s gets a %d", peer, w.Code)
		}
	}
}

// SEC-108
func TestLinksBeginWithTheAddressThatTheAppListensOn(t *testing.T) {
	t.Parallel()
	a := newApp(t)
	c := newClient(t, a.url)
	c.signUp(t, "Ada Lovelace", "ada@example.com")
	r := c.request(t, http.MethodPost, "/forgot", "email=ada@example.com")
	r.Host = "other.localhost"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("X-Forwarded-Host", "evil.example")
	c.do(t, r).has(t, http.StatusAccepted)
	a.link(t, "/reset")
}
