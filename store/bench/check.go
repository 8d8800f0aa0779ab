package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// client is a browser with one cookie, or another credential, and a body to post.
type client struct {
	server       *server
	body, cookie string
}

// call fails for an answer that is not wanted; a status of 0 wants any success.
func (c *client) call(method, path string, status int, contains string) error {
	req, err := http.NewRequest(method, "http://"+c.server.addr+path, strings.NewReader(c.body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if c.cookie != "" {
		req.Header.Set(c.server.credentialHeader(), c.cookie)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	for _, k := range resp.Cookies() {
		if k.MaxAge >= 0 && k.Value != "" {
			c.cookie = k.Name + "=" + k.Value
		}
	}
	if given := resp.Header.Get("Authorization"); given != "" {
		c.cookie = given
	}
	fits := resp.StatusCode == status || status == 0 && resp.StatusCode < http.StatusBadRequest
	if !fits || !strings.Contains(string(answer), contains) {
		return fmt.Errorf("%s: %s %s: %s %s", c.server.name, method, path, resp.Status, answer)
	}
	return nil
}

// check drives the whole story once: sign up, read, log out, be refused, log in, read, keep a value.
// A contender that cannot revoke answers the copied cookie after logout; that is reported, not fatal.
func (s *server) check() error {
	if s.anonymous {
		s.revocable = "-"
		return nil
	}
	email := fmt.Sprintf("check-%s-%d@example.org", s.name, time.Now().UnixNano())
	c := &client{server: s, body: fmt.Sprintf(`{"email":%q,"name":"Check","password":%q}`, email, password)}
	if err := c.call("POST", "/signup", 0, ""); err != nil {
		return err
	}
	if err := c.call("GET", "/me", http.StatusOK, email); err != nil {
		return err
	}
	copied := c.cookie
	c.cookie = ""
	if err := c.call("GET", "/me", http.StatusUnauthorized, ""); err != nil {
		return err
	}
	c.cookie = copied
	if err := c.call("POST", "/logout", 0, ""); err != nil {
		return err
	}
	c.cookie = copied
	s.revocable = "no"
	time.Sleep(50 * time.Millisecond) // limit-2 hears of it from the database
	if c.call("GET", "/me", http.StatusUnauthorized, "") == nil {
		s.revocable = "yes"
	}
	c.cookie = ""
	if err := c.call("POST", "/login", 0, ""); err != nil {
		return err
	}
	if err := c.call("GET", "/me", http.StatusOK, email); err != nil || !s.values {
		return err
	}
	c.body = "kept in the session"
	if err := c.call("POST", "/value", http.StatusNoContent, ""); err != nil {
		return err
	}
	return c.call("GET", "/value", http.StatusOK, c.body)
}
