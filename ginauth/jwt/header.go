package jwt

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
)

// header has the fields of a token's header that are read. Fields that say where the key is (jku,
// jwk, x5u, x5c) are ignored (SEC-93).
type header struct {
	algorithm, keyID, kind string
	namesKey, namesKind    bool
}

var errCritical = errors.New("it asks for an extension (crit, b64 or zip)")

// parseHeader reads a decoded header. It refuses fields that change the meaning of a token, known
// or not (SEC-97).
func parseHeader(data []byte) (h header, err error) {
	err = members(data, func(name []byte, value json.RawMessage) (err error) {
		switch string(name) {
		case "alg":
			h.algorithm, err = text(value)
		case "kid":
			h.namesKey = true
			h.keyID, err = text(value)
		case "typ":
			h.namesKind = true
			h.kind, err = text(value)
		case "crit", "b64", "zip":
			err = errCritical
		}
		return err
	})
	return h, err
}

// plainToken is the type that a token may leave out (RFC 7519, 5.1).
const plainToken = "jwt"

// isKind compares types by the rules of RFC 7515, 4.1.9 and RFC 9068, 4.
func (h header) isKind(kind string) bool {
	if !h.namesKind {
		return kind == plainToken
	}
	given := strings.ToLower(h.kind)
	return strings.TrimPrefix(given, "application/") == kind
}

// encodeHeader returns the header of a token that k signs, in base64url.
func encodeHeader(k Key, kind string) string {
	data, _ := json.Marshal(struct { // strings only
		Algorithm Algorithm `json:"alg"`
		KeyID     string    `json:"kid"`
		Kind      string    `json:"typ"`
	}{k.algorithm, k.id, kind})
	return base64.RawURLEncoding.EncodeToString(data)
}
