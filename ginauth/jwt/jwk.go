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

// jwk is a public key as in RFC 7517. There is no field for a private half.
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

// jwkSet is RFC 7517's, 5.
type jwkSet struct {
	Keys []jwk `json:"keys"`
} //	@name	JWKSet

// publicJWK returns a JWK without a type for anything but a public key, secrets above all.
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
		xy := point.Bytes()[1:] // behind the mark of an uncompressed point
		return jwk{Type: "EC", Curve: k.Curve.Params().Name, X: text(xy[:len(xy)/2]), Y: text(xy[len(xy)/2:])}
	case *rsa.PublicKey:
		return jwk{Type: "RSA", N: text(k.N.Bytes()), E: text(big.NewInt(int64(k.E)).Bytes())}
	}
	return jwk{}
}

// canonical is what RFC 7638 hashes: the members that make the key, in the order of their names.
func (j jwk) canonical() string {
	text, _ := json.Marshal(j) // strings only
	return string(text)
}
