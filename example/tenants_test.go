package main

import (
	"context"
	"fmt"
	"html"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// tenant is a browser of somebody at one tenant's host.
type tenant struct {
	*client
	name string
	app  *app
}

// atTenants opens the example with two tenants. All clients connect to its one address.
func atTenants(t *testing.T, open func(*testing.T, settings) *app) (a *app, acme, globex tenant) {
	t.Helper()
	s := quick()
	s.tenants = tenants{"acme", "globex"}
	a = open(t, s)
	return a, a.tenant(t, "acme"), a.tenant(t, "globex")
}

func (a *app) tenant(t *testing.T, name string) tenant {
	t.Helper()
	base, err := urlOf(a.url)(name)
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, base)
	_, address, _ := strings.Cut(a.url, "://")
	transport := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, address) // browsers find names below localhost, and resolvers need not
	}}
	t.Cleanup(transport.CloseIdleConnections)
	c.http.Transport = transport
	return tenant{c, name, a}
}

// link sends what is due and returns the newest link to a path of this tenant.
func (c tenant) link(t *testing.T, path string) string {
	t.Helper()
	if _, err := c.app.mails.SendDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	shown := c.app.tenant(t, c.name).get(t, "/mailbox")
	href := regexp.MustCompile(`href="` + regexp.QuoteMeta(c.base) + `(` + path + `\?token=[^"]+)"`).FindStringSubmatch(shown.body)
	if href == nil {
		t.Fatalf("no link to %s of %s in\n%s", path, c.name, shown.body)
	}
	return html.UnescapeString(href[1])
}

// stealing returns a client of this tenant's host with all cookies of another client.
func (c tenant) stealing(t *testing.T, from tenant) tenant {
	t.Helper()
	thief := c.app.tenant(t, c.name)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	theirs, _ := url.Parse(from.base)
	mine, _ := url.Parse(thief.base)
	jar.SetCookies(mine, from.http.Jar.Cookies(theirs))
	if len(jar.Cookies(mine)) == 0 {
		t.Fatal("there is no cookie to steal")
	}
	thief.http.Jar = jar
	return thief
}

// name is what the account page calls the user.
func (c tenant) is(t *testing.T, name string) {
	t.Helper()
	c.accept = "application/json"
	got := c.get(t, "/user")
	c.accept = "text/html"
	got.has(t, http.StatusOK, `"name":"`+name+`"`)
}

func (c tenant) isNobody(t *testing.T, why string) {
	t.Helper()
	if got := c.get(t, "/user"); got.status != http.StatusSeeOther || got.header.Get("Location") != "/login?next=%2Fuser" {
		t.Errorf("%s: %d to %q", why, got.status, got.header.Get("Location"))
	}
}

// Whatever acme gives out is nothing at globex, with the same address at both.
func TestTwoTenantsShareNothing(t *testing.T) {
	t.Parallel()
	for store, open := range tenantStores {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			a, acme, globex := atTenants(t, open)
			const address = "ada@example.com"
			acme.signUp(t, "Ada of acme", address)
			globex.isNobody(t, "before anybody signed up")
			globex.signUp(t, "Ada of globex", address)
			acme.is(t, "Ada of acme")
			globex.is(t, "Ada of globex")
			globex.stealing(t, acme).isNobody(t, "with the session of acme")
			a.tenant(t, "acme").stealing(t, globex).isNobody(t, "with the session of globex")

			// The profile, the list of devices, the activity and the export are those of one tenant.
			acme.post(t, "/user", "name", "Ada A.").redirects(t, "/user")
			globex.is(t, "Ada of globex")
			acme.accept, globex.accept = "application/json", "application/json"
			if got := acme.get(t, "/sessions"); strings.Count(got.body, `"id"`) != 1 {
				t.Errorf("the devices of acme: %s", got.body)
			}
			acme.get(t, "/user/export").has(t, http.StatusOK, "Ada A.", `"realm":"acme"`)
			globex.get(t, "/user/export").has(t, http.StatusOK, "Ada of globex", `"realm":"globex"`)

			// A key works where it was made.
			key := regexp.MustCompile(`"key":"([^"]+)"`).FindStringSubmatch(acme.post(t, "/api-keys", "name", "script").body)
			if key == nil {
				t.Fatal("no key was made")
			}
			for _, at := range []tenant{a.tenant(t, "acme"), a.tenant(t, "globex")} {
				r := at.request(t, http.MethodGet, "/user", "")
				r.Header.Set("Authorization", "Bearer "+key[1])
				at.accept = "application/json"
				if got := at.do(t, r); (got.status == http.StatusOK) != (at.name == "acme") {
					t.Errorf("the key of acme at %s: %d %s", at.name, got.status, got.body)
				}
			}
			acme.accept, globex.accept = "text/html", "text/html"

			// Links lead to the host of the tenant, and work there alone.
			for _, ask := range []struct{ post, path string }{{"/forgot", "/reset"}, {"/magic/send", "/magic"}, {"/verify/resend", "/verify"}} {
				acme.post(t, ask.post, "email", address).has(t, http.StatusAccepted)
				link := acme.link(t, ask.path)
				there := a.tenant(t, "globex")
				there.get(t, there.get(t, link).page(t, ask.path)).has(t, http.StatusGone)
				here := a.tenant(t, "acme")
				here.get(t, here.get(t, link).page(t, ask.path)).has(t, http.StatusOK, address)
			}

			// A new password of one is none of the other, and ends sessions of one.
			fresh := a.tenant(t, "acme")
			page := fresh.get(t, acme.link(t, "/reset")).page(t, "/reset")
			fresh.post(t, page, "password", newPassphrase).has(t, http.StatusOK)
			acme.isNobody(t, "after the new password")
			globex.is(t, "Ada of globex")
			a.tenant(t, "globex").post(t, "/login", "email", address, "password", newPassphrase).has(t, http.StatusUnauthorized)
			fresh.post(t, "/login", "email", address, "password", newPassphrase).redirects(t, "/user")
			fresh.is(t, "Ada A.")

			// An address that is taken at one is free at the other, also for a change and its undo.
			globex.post(t, "/logout").redirects(t, "/")
			globex.post(t, "/login", "email", address, "password", passphrase).redirects(t, "/user")
			moving := a.tenant(t, "globex")
			moving.signUp(t, "Bob of globex", "bob@example.com")
			fresh.post(t, "/email", "email", "bob@example.com").has(t, http.StatusAccepted)
			fresh.post(t, fresh.get(t, fresh.link(t, "/email/confirm")).page(t, "/email/confirm")).has(t, http.StatusOK)
			a.tenant(t, "acme").post(t, "/login", "email", "bob@example.com", "password", newPassphrase).redirects(t, "/user")
			undo := fresh.link(t, "/email/undo")
			there := a.tenant(t, "globex")
			there.get(t, there.get(t, undo).page(t, "/email/undo")).has(t, http.StatusGone)
			here := a.tenant(t, "acme")
			here.post(t, here.get(t, undo).page(t, "/email/undo")).has(t, http.StatusOK)
			moving.is(t, "Bob of globex")
			globex.is(t, "Ada of globex")

			// Leaving and coming back.
			globex.post(t, "/user/archive").redirects(t, "/restore")
			globex.isNobody(t, "after the account was closed")
			a.tenant(t, "acme").post(t, "/restore", "email", address, "password", passphrase).has(t, http.StatusUnauthorized)
			globex.post(t, "/restore", "email", address, "password", passphrase).redirects(t, "/user")
			globex.is(t, "Ada of globex")
		})
	}
}

// Every route answers a cookie of another tenant as it answers no cookie.
func TestNoRouteTakesTheCookieOfAnotherTenant(t *testing.T) {
	t.Parallel()
	a, acme, globex := atTenants(t, newAppOf)
	acme.signUp(t, "Ada", "ada@example.com")
	globex.signUp(t, "Ada", "ada@example.com")
	tried := 0
	for _, r := range a.engine.Routes() {
		path := strings.ReplaceAll(r.Path, ":id", "0198f8a0-0000-7000-8000-000000000000")
		ask := func(c tenant) string {
			c.accept = "application/json"
			request := c.request(t, r.Method, path, "")
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			request.Header.Set("Sec-Fetch-Site", "same-origin")
			got := c.do(t, request)
			return fmt.Sprint(got.status, got.header.Get("Location"), regexp.MustCompile(`"code":"\w+"`).FindString(got.body))
		}
		thief, stranger := globex.stealing(t, acme), a.tenant(t, "globex")
		if with, without := ask(thief), ask(stranger); with != without {
			t.Errorf("%s %s: %s with the cookie of another tenant, %s without", r.Method, r.Path, with, without)
		}
		tried++
	}
	if tried < 40 {
		t.Errorf("%d routes were tried", tried)
	}
	acme.is(t, "Ada")
}

// Clients choose the Host that they send.
func TestAForgedHostIsNobodysTenant(t *testing.T) {
	t.Parallel()
	a, acme, _ := atTenants(t, newAppOf)
	acme.signUp(t, "Ada", "ada@example.com")
	port := a.url[strings.LastIndexByte(a.url, ':'):]
	for host, want := range map[string]int{
		"acme.localhost" + port: http.StatusOK, "ACME.localhost" + port: http.StatusOK, "acme.localhost": http.StatusOK, "acme.localhost:1": http.StatusOK,
		"globex.localhost" + port: http.StatusUnauthorized, "localhost" + port: http.StatusUnauthorized,
		"initech.localhost" + port: http.StatusNotFound, "acme.globex.localhost" + port: http.StatusNotFound, "acme.localhost." + port: http.StatusNotFound,
		"acme.localhost.evil.example": http.StatusMisdirectedRequest, "127.0.0.1" + port: http.StatusNotFound, ".localhost" + port: http.StatusNotFound, "acme": http.StatusMisdirectedRequest,
	} {
		r := httptest.NewRequest(http.MethodGet, "/user", nil)
		r.Host = host
		r.Header.Set("Accept", "application/json")
		for _, k := range acme.http.Jar.Cookies(acme.request(t, http.MethodGet, "/", "").URL) {
			r.AddCookie(k)
		}
		w := httptest.NewRecorder()
		a.engine.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%q: %d, not %d: %s", host, w.Code, want, w.Body)
		}
	}
}

func TestTenantsAreNamesOfHosts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]tenants{"": nil, "acme": {"acme"}, "acme,globex-2": {"acme", "globex-2"}} {
		if got, err := readTenants(text); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{",", "a,,b", "A", "a.b", "-a", "a-", "a b", "ä", strings.Repeat("a", 64)} {
		if got, err := readTenants(text); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}
