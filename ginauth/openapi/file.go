package openapi

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/ginauth/ginauth/ginauth/internal/accept"
)

//go:embed ui/page.html ui/start.js ui/swagger-ui-bundle.js.gz ui/swagger-ui.css.gz
var files embed.FS

var page = template.Must(template.ParseFS(files, "ui/page.html"))

// file is the body of an answer, plain or compressed.
type file struct {
	body []byte
	gzip bool
	etag string
}

func plainFile(body []byte) *file {
	sum := sha256.Sum256(body)
	return &file{body: body, etag: `"` + hex.EncodeToString(sum[:12]) + `"`}
}

func embeddedFile(name string) (*file, error) {
	body, err := files.ReadFile("ui/" + name)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", name, err)
	}
	f := plainFile(body)
	f.gzip = strings.HasSuffix(name, ".gz")
	return f, nil
}

// pageFile refers to its files by relative URLs, so that a proxy may add a prefix.
func pageFile(opts Options, d *Document) (*file, error) {
	var body bytes.Buffer
	err := page.Execute(&body, map[string]string{"Title": d.title, "Base": path.Base(opts.Path)})
	if err != nil {
		return nil, fmt.Errorf("openapi: filling in the page: %w", err)
	}
	return plainFile(body.Bytes()), nil
}

func (f *file) answer(c *gin.Context, contentType string) {
	h := c.Writer.Header()
	setHeaders(h)
	etag := f.etag
	if f.gzip {
		h.Add("Vary", "Accept-Encoding")
	}
	if f.gzip && acceptsGzip(c) {
		etag = strings.TrimSuffix(etag, `"`) + `-gzip"` // another representation
	}
	h.Set("ETag", etag)
	if c.GetHeader("If-None-Match") == etag {
		c.Status(http.StatusNotModified)
		return
	}
	switch {
	case !f.gzip:
		c.Data(http.StatusOK, contentType, f.body)
	case acceptsGzip(c):
		h.Set("Content-Encoding", "gzip")
		c.Data(http.StatusOK, contentType, f.body)
	default:
		f.unpack(c, contentType)
	}
}

func (f *file) unpack(c *gin.Context, contentType string) {
	r, err := gzip.NewReader(bytes.NewReader(f.body))
	if err != nil {
		c.Status(http.StatusInternalServerError)
		return
	}
	c.Header("Content-Type", contentType)
	c.Status(http.StatusOK)
	_, _ = io.Copy(c.Writer, r) //nolint:gosec // our own file; and the client may be gone
}

func acceptsGzip(c *gin.Context) bool {
	return slices.Contains(accept.Names(c.Request.Header.Values("Accept-Encoding")), "gzip")
}
