package ginauthtest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
)

// server is the app on a port of this machine.
type server struct {
	once sync.Once
	http *httptest.Server
}

// HTTP returns a client of package net/http that reaches the app through a real server on this
// machine, by the URL that the app believes to have, such as "https://example.com/". It has the
// cookies of c, both ways, and the redirects of net/http; Header and the fields that browsers add
// are left to the test. The server ends with the test.
func (c *Client[U]) HTTP() *http.Client {
	c.tb.Helper()
	c.server.once.Do(func() {
		s := httptest.NewUnstartedServer(http.StripPrefix(c.base.Path, c.router))
		if c.base.Scheme == "https" {
			s.EnableHTTP2 = true
			s.StartTLS()
		} else {
			s.Start()
		}
		c.server.http = s
		c.tb.Cleanup(s.Close)
	})
	s := c.server.http
	transport := &http.Transport{
		ForceAttemptHTTP2: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, s.Listener.Addr().String())
		},
	}
	if certificate := s.Certificate(); certificate != nil {
		// The certificate of httptest is for example.com; the app may have another host.
		transport.TLSClientConfig = &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "example.com"}
		transport.TLSClientConfig.RootCAs.AddCert(certificate)
	}
	c.tb.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Jar: cookies{c.jar}}
}

// cookies is the jar as net/http wants it.
type cookies struct{ *jar }

func (k cookies) SetCookies(_ *url.URL, set []*http.Cookie) { k.take(set) }

func (k cookies) Cookies(u *url.URL) []*http.Cookie {
	r := &http.Request{URL: u, Header: http.Header{}}
	k.give(r)
	return r.Cookies()
}
