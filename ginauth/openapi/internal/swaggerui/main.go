// Command swaggerui puts the pinned release of swagger-ui-dist, from the npm registry, into the
// folder ui of package openapi: script and style sheet compressed, and their licences. `make
// swagger-ui` runs it after a new version and its integrity were written below.
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// The integrity comes from `npm view swagger-ui-dist@VERSION dist.integrity`.
const (
	version   = "5.35.0"
	integrity = "sha512-U06rpMtW9V3XPGOBeamTUSr0Z09jMX4IJuANpE/EZbAhw0G8CgwrzU4YmXkn/h0wCDNsXdGarTNNHC3sU8yVUQ=="
	registry  = "https://registry.npmjs.org/swagger-ui-dist/-/swagger-ui-dist-" + version + ".tgz"
)

// wanted are the release's files, and their names here.
var wanted = map[string]string{
	"swagger-ui-bundle.js":             "swagger-ui-bundle.js.gz",
	"swagger-ui.css":                   "swagger-ui.css.gz",
	"LICENSE":                          "LICENSE",
	"NOTICE":                           "NOTICE",
	"swagger-ui-bundle.js.LICENSE.txt": "LICENSE-bundle",
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: swaggerui folder")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "swaggerui:", err)
		os.Exit(1)
	}
}

func run(folder string) error {
	archive, err := download()
	if err != nil {
		return err
	}
	sum := sha512.Sum512(archive)
	if got := "sha512-" + base64.StdEncoding.EncodeToString(sum[:]); got != integrity {
		return fmt.Errorf("version %s has the integrity %s, which is not the pinned one", version, got)
	}
	zipped, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return fmt.Errorf("unpacking: %w", err)
	}
	left := len(wanted)
	for entries := tar.NewReader(zipped); ; {
		entry, err := entries.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("unpacking: %w", err)
		}
		name, ok := wanted[strings.TrimPrefix(entry.Name, "package/")]
		if !ok {
			continue
		}
		if err := write(filepath.Join(folder, name), entries); err != nil {
			return err
		}
		left--
	}
	if left > 0 {
		return fmt.Errorf("%d files are missing in version %s", left, version)
	}
	return nil
}

func download() ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, registry, nil)
	if err != nil {
		return nil, fmt.Errorf("asking the registry: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("asking the registry: %w", err)
	}
	defer response.Body.Close() //nolint:errcheck // it was only read
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the registry answers %s", response.Status)
	}
	archive, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("downloading: %w", err)
	}
	return archive, nil
}

var sourceMap = regexp.MustCompile(`/[/*]# sourceMappingURL=\S+`)

// write compresses the files that are served, always to the same bytes.
func write(name string, content io.Reader) error {
	text, err := io.ReadAll(content)
	if err != nil {
		return fmt.Errorf("unpacking %s: %w", name, err)
	}
	if strings.HasSuffix(name, ".gz") {
		text = sourceMap.ReplaceAll(text, nil) // the source map is not served
		var packed bytes.Buffer
		w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
		if err == nil {
			_, err = w.Write(text)
		}
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			return fmt.Errorf("compressing %s: %w", name, err)
		}
		text = packed.Bytes()
	}
	if err := os.WriteFile(name, text, 0o644); err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	return nil
}
