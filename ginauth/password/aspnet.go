package password

import (
	"encoding/base64"
	"encoding/binary"
)

// The layouts of ASP.NET Core Identity's PasswordHasher.
const (
	aspNetV2Rounds, aspNetV2Salt, aspNetV2Tag = 1000, 16, 32
	aspNetV3Header                            = 1 + 3*4
)

// ASPNETIdentity reads the column PasswordHash of ASP.NET Identity: base64 of version 2, PBKDF2
// with HMAC-SHA-1, and of version 3, PBKDF2 with HMAC-SHA-1, HMAC-SHA-256 or HMAC-SHA-512.
func ASPNETIdentity() Reader {
	return Reader{read: func(text string) (scheme, error) {
		blob, ok := decoded(base64.StdEncoding, text, 1, maxStored)
		if !ok || blob[0] > 1 {
			return nil, errUnread
		}
		if blob[0] == 1 {
			return aspNetV3(blob)
		}
		if len(blob) != 1+aspNetV2Salt+aspNetV2Tag {
			return nil, errDamaged
		}
		return newPBKDF2(sha1Digest(), aspNetV2Rounds, blob[1:1+aspNetV2Salt], blob[1+aspNetV2Salt:])
	}}
}

// aspNetV3 reads a byte of version, then in big endian the digest, the iterations and the length of
// the salt.
func aspNetV3(blob []byte) (scheme, error) {
	if len(blob) < aspNetV3Header {
		return nil, errDamaged
	}
	digests := []digest{sha1Digest(), sha256Digest(), sha512Digest()}
	which, iterations := binary.BigEndian.Uint32(blob[1:]), binary.BigEndian.Uint32(blob[5:])
	saltLength, rest := binary.BigEndian.Uint32(blob[9:]), blob[aspNetV3Header:]
	if which >= uint32(len(digests)) || saltLength > uint32(len(rest)) { //nolint:gosec // both are short
		return nil, errDamaged
	}
	return newPBKDF2(digests[which], iterations, rest[:saltLength], rest[saltLength:])
}
