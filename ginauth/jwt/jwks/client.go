package jwks

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/ginauth/ginauth/ginauth/internal/loopback"
)

const (
	// fetchTimeout and maxDocument limit what an issuer can cost (SEC-132).
	fetchTimeout = 5 * time.Second
	maxDocument  = 1 << 20
	maxRedirects = 3
)

func checkURL(text string, insecureLoopback bool) (*url.URL, error) {
	address, err := url.Parse(text)
	if err != nil || address.Host == "" || address.User != nil || address.Fragment != "" {
		return nil, errors.New("the URL of the keys must be https://host/path, without a user")
	}
	if address.Scheme == "https" {
		return address, nil
	}
	switch {
	case address.Scheme != "http" || !insecureLoopback:
		return nil, errors.New("the URL of the keys must begin with https://: anybody who can change the document can sign tokens")
	case !loopback.Is(address.Hostname()):
		return nil, errors.New("Options.InsecureLoopback allows plain http to a loopback address only")
	}
	return address, nil
}

// newClient follows redirects only within the host of origin.
func newClient(origin *url.URL) *http.Client {
	return &http.Client{
		Timeout:   fetchTimeout,
		Transport: capped{http.DefaultTransport},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if r.URL.Scheme != origin.Scheme || r.URL.Host != origin.Host {
				return errors.New("the issuer redirects to another host, which is not followed")
			}
			if len(via) > maxRedirects {
				return fmt.Errorf("the issuer redirects more than %d times", maxRedirects)
			}
			return nil
		},
	}
}

// capped ends a body that is too large with an error.
type capped struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t capped) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	answer.Body = &cappedBody{ReadCloser: answer.Body, left: maxDocument}
	return answer, nil
}

type cappedBody struct {
	io.ReadCloser
	left int
}

var errTooLarge = fmt.Errorf("the document has more than %d bytes", maxDocument)

// Read implements io.Reader.
func (b *cappedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left+1)])
	if b.left -= n; b.left < 0 {
		return 0, errTooLarge
	}
	return n, err
}
