package jwt

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
)

// jwk is a public key in the form of RFC 7517. It has no field for a private half.
type jwk struct {
	Curve string `json:"crv,omitempty"`
	E     string `json:"e,omitempty"`
	Type  string `json:"kty"`
	N     string `json:"n,omitempty"`
	X     string `json:"x,omitempty"`
	Y     string `json:"y,omitempty"`

	Algorithm Algorithm `json:"alg,omitempty" swaggertype:"string"`
	ID        string    `json:"kid,omitempty"`
	Use       string    `json:"use,omitempty"`
} //	@name	JWK

// jwkSet is a JWK set (RFC 7517, 5).
type jwkSet struct {
	Keys []jwk `json:"keys"`
} //	@name	JWKSet

// publicJWK returns the JWK of a public key. For anything else, above all a secret, the JWK has no
// type.
func publicJWK(public crypto.PublicKey) jwk {
	text := base64.RawURLEncoding.EncodeToString
	switch k := public.(type) {
	case ed25519.PublicKey:
		return jwk{Type: "OKP", Curve: "Ed25519", X: text(k)}
	case *ecdsa.PublicKey:
		point, err := k.ECDH()
		if err != nil {
			return jwk{}
		}
		xy := point.Bytes()[1:] // after the mark of an uncompressed point
		return jwk{Type: "EC", Curve: k.Curve.Params().Name, X: text(xy[:len(xy)/2]), Y: text(xy[len(xy)/2:])}
	case *rsa.PublicKey:
		return jwk{Type: "RSA", N: text(k.N.Bytes()), E: text(big.NewInt(int64(k.E)).Bytes())}
	}
	return jwk{}
}

// canonical returns the text that RFC 7638 hashes: the members that define the key, sorted by name.
func (j jwk) canonical() string {
	text, _ := json.Marshal(j) // strings only
	return string(text)
}
