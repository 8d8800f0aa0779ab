//go:build !race

package password_test

import (
	"testing"

	"github.com/ginauth/ginauth/ginauth/password"
)

// Hashes that others have published have the costs of real ones.
func TestReadersAgreeWithPublishedHashes(t *testing.T) {
	t.Parallel()
	agree(t, map[string]vector{
		"django pbkdf2_sha256, its tests":      {password.Django(), "lètmein", "pbkdf2_sha256$260000$seasalt$YlZ2Vggtqdc61YjArZuoApoBh9JNGYoDRBUGu6tcJQo="},
		"django scrypt, its tests":             {password.Django(), "lètmein", "scrypt$16384$seasalt$8$1$Qj3+9PPyRjSJIebHnG81TMjsqtaIGxNQG/aEB/NYafTJ7tibgfYz71m0ldQESkXFRkdVCBhhY8mx7rQwite/Pw=="},
		"ASP.NET HMAC-SHA-256, 250,000 rounds": {password.ASPNETIdentity(), "my password", "AQAAAAEAA9CQAAAAIESkQuj2Du8Y+kbc5lcN/W/3NiAZFEm11P27nrSN5/tId+bR1SwV8CO1Jd72r4C08OLvplNlCDc3oQZ8efcW+jQ="},
		"WordPress 6.8, by wp_check_password":  {password.PHPass(), "grimoire-test-123", "$wp$2y$12$iWN5xRwDE7i9R5jVJvCyqOxS1CNnwUggQaF8O2W9Bg8TuXQz.ngrS"},
		"Firebase, its documentation":          {password.Firebase(firebaseSample), "user1password", "$firebase-scrypt$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ=="},
		"Firebase, alphabet of the admin SDK":  {password.Firebase(firebaseSample), "user1password", "$firebase-scrypt$42xEC-ixf3L2lw==$lSrfV15cpx95_sZS2W9c9Kp6i_LVgQNDNC_qzrCnh1SAyZvqmZqAjTdn3aoItz-VHjoZilo78198JAdRuid5lQ=="},
	})
}
