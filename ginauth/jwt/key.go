package jwt

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"

	gojwt "github.com/golang-jwt/jwt/v5"
)

const (
	// minRSA is the minimum of RFC 7518, 3.3; a key larger than maxRSA only costs time.
	minRSA, maxRSA = 2048, 8192
	// maxKeyID is the maximum length of a key's id, in bytes.
	maxKeyID = 128
)

// Key signs or verifies tokens with one algorithm. Its material or its owner decides which, so that
// no token can choose another. NewKey, ParseKey, ReadKey and Generate make keys; see also
// WithAlgorithm. The zero Key cannot be used. A Key does not print, and is safe for concurrent use.
type Key struct{ *material }

// material is behind a pointer, because fmt prints the contents of unexported fields.
type material struct {
	id        string
	algorithm Algorithm
	method    gojwt.SigningMethod
	private   any // what method signs with; nil for a public key
	public    any // what method verifies with; equal to private for secrets
}

// NewKey makes a key from an ed25519, *ecdsa (P-256, P-384, P-521) or *rsa (2048 to 8192 bits, for
// RS256) key, private or public, or from a []byte for HS256, which must be at least 32 random
// bytes. An empty id becomes the key's thumbprint (RFC 7638); a secret has no thumbprint, so it
// needs an id. Weak keys, and keys from published documents, are refused.
func NewKey(id string, key any) (Key, error) {
	m, err := newMaterial(key)
	if err != nil {
		return Key{}, err
	}
	if err := checkStrength(m); err != nil {
		return Key{}, err
	}
	if m.id, err = keyID(id, m); err != nil {
		return Key{}, err
	}
	return Key{m}, nil
}

// Generate returns a new random key. An empty id becomes the key's thumbprint. It is for tests, and
// for keys that end with the process; for other keys see ParseKey.
func Generate(id string, algorithm Algorithm) (Key, error) {
	var key any
	var err error
	switch algorithm {
	case EdDSA:
		_, key, err = ed25519.GenerateKey(rand.Reader)
	case ES256, ES384, ES512:
		key, err = ecdsa.GenerateKey(curves[algorithm], rand.Reader)
	case RS256, RS384, RS512, PS256, PS384, PS512:
		key, err = rsa.GenerateKey(rand.Reader, minRSA)
	case HS256, HS384, HS512:
		secret := make([]byte, secretBytes[algorithm])
		_, err = rand.Read(secret)
		key = secret
	default:
		return Key{}, fmt.Errorf("there is no algorithm %q here: use EdDSA, ES256, or another constant of this package", algorithm)
	}
	if err != nil {
		return Key{}, fmt.Errorf("generating a key: %w", err)
	}
	k, err := NewKey(id, key)
	if err != nil {
		return Key{}, err
	}
	return k.WithAlgorithm(algorithm)
}

// ID is the key's name in the header of tokens ("kid").
func (k Key) ID() string { return k.id }

// Algorithm is the only algorithm with which the key signs and verifies.
func (k Key) Algorithm() Algorithm { return k.algorithm }

// CanSign says whether the key has its private half.
func (k Key) CanSign() bool { return k.private != nil }

// Format hides the key from every verb of fmt.
func (Key) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte("[key]")) }

// LogValue hides the key.
func (Key) LogValue() slog.Value { return slog.StringValue("[key]") }

// MarshalText hides the key.
func (Key) MarshalText() ([]byte, error) { return []byte("[key]"), nil }

func newMaterial(key any) (*material, error) {
	m := &material{}
	var err error
	switch k := key.(type) {
	case ed25519.PrivateKey:
		if len(k) != ed25519.PrivateKeySize {
			return nil, errors.New("the Ed25519 private key has the wrong length: it must have 64 bytes")
		}
		m.algorithm, m.private, m.public = EdDSA, k, k.Public()
	case ed25519.PublicKey:
		if len(k) != ed25519.PublicKeySize {
			return nil, errors.New("the Ed25519 public key has the wrong length: it must have 32 bytes")
		}
		m.algorithm, m.public = EdDSA, k
	case *ecdsa.PrivateKey:
		if k == nil {
			return nil, errNilKey
		}
		m.private, m.public = k, &k.PublicKey
		m.algorithm, err = ofCurve(&k.PublicKey)
	case *ecdsa.PublicKey:
		m.public = k
		m.algorithm, err = ofCurve(k)
	case *rsa.PrivateKey:
		if k == nil {
			return nil, errNilKey
		}
		m.algorithm, m.private, m.public = RS256, k, &k.PublicKey
	case *rsa.PublicKey:
		m.algorithm, m.public = RS256, k
	case []byte:
		secret := append([]byte(nil), k...)
		m.algorithm, m.private, m.public = HS256, secret, secret
	case nil:
		return nil, errNilKey
	default:
		return nil, fmt.Errorf("a %T is no key for tokens: use an ed25519, *ecdsa or *rsa key, or a []byte for HS256", key)
	}
	m.method = methods[m.algorithm]
	return m, err
}

var errNilKey = errors.New("the key is nil: check the error of whatever read it")

func keyID(id string, m *material) (string, error) {
	if _, secret := m.public.([]byte); id == "" && secret {
		return "", errors.New("a secret needs an id: name it, such as \"2026-01\", so that it can be replaced later")
	}
	if id == "" {
		return thumbprint(m.public), nil
	}
	if len(id) > maxKeyID {
		return "", fmt.Errorf("a key's id may have at most %d characters", maxKeyID)
	}
	for i := range len(id) {
		if id[i] <= ' ' || id[i] > '~' || id[i] == '"' || id[i] == '\\' {
			return "", errors.New("a key's id must be printable ASCII without blanks, quotes and backslashes")
		}
	}
	return id, nil
}

// thumbprint returns the thumbprint of a public key (RFC 7638).
func thumbprint(public crypto.PublicKey) string {
	sum := sha256.Sum256([]byte(publicJWK(public).canonical()))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
