package jwt

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"

	gojwt "github.com/golang-jwt/jwt/v5"
)

// Algorithm is the signature algorithm of a key (RFC 7518, RFC 8037).
type Algorithm string

// The algorithms of keys. Prefer EdDSA if you can choose. Those other than EdDSA, ES256, RS256 and
// HS256 are for issuers and services that require them.
const (
	EdDSA Algorithm = "EdDSA"
	ES256 Algorithm = "ES256"
	ES384 Algorithm = "ES384"
	ES512 Algorithm = "ES512"
	PS256 Algorithm = "PS256"
	PS384 Algorithm = "PS384"
	PS512 Algorithm = "PS512"
	RS256 Algorithm = "RS256"
	RS384 Algorithm = "RS384"
	RS512 Algorithm = "RS512"
	HS256 Algorithm = "HS256"
	HS384 Algorithm = "HS384"
	HS512 Algorithm = "HS512"
)

// curves has the curves of RFC 7518, 3.4, by the only algorithm of each.
var curves = map[Algorithm]elliptic.Curve{ES256: elliptic.P256(), ES384: elliptic.P384(), ES512: elliptic.P521()}

// secretBytes is the minimum length of a secret: as many bytes as the hash (RFC 7518, 3.2; SEC-94).
var secretBytes = map[Algorithm]int{HS256: sha256.Size, HS384: sha512.Size384, HS512: sha512.Size}

var methods = map[Algorithm]gojwt.SigningMethod{
	EdDSA: gojwt.SigningMethodEdDSA,
	ES256: gojwt.SigningMethodES256, ES384: gojwt.SigningMethodES384, ES512: gojwt.SigningMethodES512,
	PS256: strictPSS(gojwt.SigningMethodPS256), PS384: strictPSS(gojwt.SigningMethodPS384), PS512: strictPSS(gojwt.SigningMethodPS512),
	RS256: gojwt.SigningMethodRS256, RS384: gojwt.SigningMethodRS384, RS512: gojwt.SigningMethodRS512,
	HS256: gojwt.SigningMethodHS256, HS384: gojwt.SigningMethodHS384, HS512: gojwt.SigningMethodHS512,
}

// strictPSS accepts only a salt as long as the hash (RFC 7518, 3.5).
func strictPSS(m *gojwt.SigningMethodRSAPSS) gojwt.SigningMethod {
	return &gojwt.SigningMethodRSAPSS{SigningMethodRSA: m.SigningMethodRSA, Options: m.Options}
}

// WithAlgorithm returns the key with another algorithm of its kind: RS384, RS512, PS256, PS384 or
// PS512 for an RSA key, HS384 or HS512 for a secret of at least 48 or 64 bytes. The default is
// RS256 for an RSA key, and HS256 for a secret. Other keys have one algorithm only, which their
// kind or curve decides. A token cannot choose the algorithm.
func (k Key) WithAlgorithm(a Algorithm) (Key, error) {
	if k.material == nil {
		return Key{}, errNilKey
	}
	m := *k.material
	m.algorithm, m.method = a, methods[a]
	if !m.fits() {
		return Key{}, fmt.Errorf("a key for %s cannot be one for %q", k.algorithm, a)
	}
	if err := checkStrength(&m); err != nil {
		return Key{}, err
	}
	return Key{&m}, nil
}

// fits says whether the algorithm is one of the key's kind.
func (m *material) fits() bool {
	switch k := m.public.(type) {
	case []byte:
		return secretBytes[m.algorithm] > 0
	case *rsa.PublicKey:
		switch m.algorithm {
		case RS256, RS384, RS512, PS256, PS384, PS512:
			return true
		default:
			return false
		}
	case *ecdsa.PublicKey:
		return curves[m.algorithm] == k.Curve
	}
	return m.algorithm == EdDSA
}

// ofCurve returns the algorithm of a key's curve.
func ofCurve(k *ecdsa.PublicKey) (Algorithm, error) {
	if k == nil || k.Curve == nil {
		return "", errNilKey
	}
	for a, curve := range curves {
		if curve == k.Curve {
			return a, nil
		}
	}
	return "", errors.New("the ECDSA key is on none of the curves P-256, P-384 and P-521, the only ones that ES256, ES384 and ES512 know")
}
