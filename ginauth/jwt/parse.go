package jwt

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"
)

// maxPEM is the maximum size of a key file, in bytes.
const maxPEM = 64 << 10

// ParseKey reads one key, private or public, in PEM: PKCS #8, PKCS #1, SEC 1 or PKIX, such as what
//
//	openssl genpkey -algorithm ed25519
//
// prints. Where an environment variable cannot hold line breaks, "\n" stands for one. An empty id
// is replaced by the key's thumbprint.
func ParseKey(id, text string) (Key, error) {
	if strings.TrimSpace(text) == "" {
		return Key{}, errors.New("the key is empty: was the environment variable or the file set?")
	}
	if len(text) > maxPEM {
		return Key{}, fmt.Errorf("the key has more than %d bytes: this cannot be one key in PEM", maxPEM)
	}
	if !strings.Contains(text, "\n") {
		text = strings.ReplaceAll(text, `\n`, "\n")
	}
	block, rest := pem.Decode([]byte(text))
	if block != nil && block.Type == "EC PARAMETERS" { // openssl ecparam writes this block first
		block, rest = pem.Decode(rest)
	}
	if block == nil {
		return Key{}, errors.New("the key is not in PEM: it must begin with a line such as -----BEGIN PRIVATE KEY-----")
	}
	if more, _ := pem.Decode(rest); more != nil {
		return Key{}, errors.New("there is more than one key in the text: give each to ParseKey by itself")
	}
	key, err := parseBlock(block)
	if err != nil {
		return Key{}, err
	}
	return NewKey(id, key)
}

// ReadKey reads one key from a file in PEM; see ParseKey.
func ReadKey(id, file string) (Key, error) {
	text, err := os.ReadFile(file) //nolint:gosec // the app says which file
	if err != nil {
		return Key{}, fmt.Errorf("reading a key: %w", err)
	}
	return ParseKey(id, string(text))
}

func parseBlock(block *pem.Block) (key any, err error) {
	switch block.Type {
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "PUBLIC KEY":
		key, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		key, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case "ENCRYPTED PRIVATE KEY":
		return nil, errors.New("the private key is encrypted: decrypt it first, such as by openssl pkey -in key.pem")
	default:
		return nil, errors.New("the PEM block holds no key: it must be a PRIVATE KEY or a PUBLIC KEY")
	}
	if err != nil {
		return nil, errors.New("the PEM block cannot be read: it does not contain a key of the kind that its header names") // err may quote it
	}
	return key, nil
}
