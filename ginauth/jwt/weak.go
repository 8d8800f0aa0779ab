package jwt

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// checkStrength refuses keys that attackers know or can find (SEC-94, SEC-166).
func checkStrength(m *material) error {
	switch k := m.public.(type) {
	case []byte:
		return checkSecret(m.algorithm, k)
	case *ecdsa.PublicKey:
		if _, err := k.ECDH(); err != nil {
			return fmt.Errorf("the ECDSA key is not a point of the curve %s", k.Curve.Params().Name)
		}
	case *rsa.PublicKey:
		if k == nil || k.N == nil {
			return errNilKey
		}
		if bits := k.N.BitLen(); bits < minRSA || bits > maxRSA {
			return fmt.Errorf("the RSA key has %d bits: use one of %d to %d, or better an Ed25519 key", bits, minRSA, maxRSA)
		}
		if k.E < 3 || k.E%2 == 0 {
			return errors.New("the RSA key's public exponent must be odd and at least 3")
		}
	}
	if private, ok := m.private.(*rsa.PrivateKey); ok {
		if err := private.Validate(); err != nil {
			return errors.New("the parts of the RSA private key do not belong together")
		}
	}
	if slices.Contains(publishedKeys, thumbprint(m.public)) {
		return errors.New("this key pair is printed in public documentation, so that everybody can sign with it: make one of your own, such as by openssl genpkey -algorithm ed25519")
	}
	return nil
}

// checkSecret refuses secrets that are clearly not random. It cannot prove that a secret is random.
func checkSecret(algorithm Algorithm, secret []byte) error {
	least := secretBytes[algorithm]
	switch {
	case len(secret) == 0:
		return errors.New("the secret is empty: was the environment variable set?")
	case len(secret) < least:
		return fmt.Errorf("the secret has %d bytes: %s needs at least %d random ones, such as those of openssl rand %d", len(secret), algorithm, least, least)
	case period(secret) <= least/2:
		return fmt.Errorf("the secret repeats itself: use random bytes, such as those of openssl rand %d", least)
	}
	lower := strings.ToLower(string(secret))
	for _, word := range placeholders {
		if strings.Contains(lower, word) {
			return errors.New("the secret is a placeholder: use random bytes, such as those of openssl rand 32")
		}
	}
	for _, known := range publishedSecrets {
		if bytes.Equal(secret, known) {
			return errors.New("this secret is printed in public documentation: use random bytes, such as those of openssl rand 32")
		}
	}
	return nil
}

// period returns the length of the shortest text whose repetition begins with all of b.
func period(b []byte) int {
	for p := 1; p < len(b); p++ {
		if bytes.Equal(b[p:], b[:len(b)-p]) {
			return p
		}
	}
	return len(b)
}

var placeholders = []string{
	"changeme", "change-me", "change_me", "change-this", "change_this", "replace-me", "replace_me",
	"your-secret", "your_secret", "yoursecret", "my-secret", "my_secret", "mysecret",
	"secret-key", "secret_key", "secretkey", "super-secret", "supersecret", "super_secret",
	"example", "password", "passw0rd", "string-secret", "abcdefghijklmnopqrstuvwxyz", "0123456789abcdef", "1234567890",
}

// publishedSecrets are the secrets of RFC 7515, A.1 and RFC 7520, 3.5. Other published secrets
// contain the words of a placeholder.
var publishedSecrets = [][]byte{
	fromBase64("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"),
	fromBase64("hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FjG-Onbc6mxCcYg"),
}

// publishedKeys are the thumbprints of the keys of RFC 8037, A.1, of RFC 7515, A.3, of jwt.io
// (ES256) and of RFC 7520, 3.1.
var publishedKeys = []string{
	"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
	"oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U",
	"19J8y7Zprt2-QKLjF2I5pVk0OELX6cY2AfaAv1LC_w8",
	"dHri3SADZkrush5HU_50AoRhcKFryN-PI6jPBtPL55M",
}

func fromBase64(s string) []byte {
	b, _ := base64.RawURLEncoding.DecodeString(s) // constants, which a test decodes
	return b
}
