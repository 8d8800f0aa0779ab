package store

import (
	"context"
	"crypto/sha256"

	"github.com/ginauth/ginauth/ginauth/driver"
)

// clientOf returns the clientDigest of the request that ctx belongs to.
func clientOf(ctx context.Context) []byte {
	cause, _ := driver.CauseOf(ctx)
	return clientDigest(cause.Origin)
}

// clientDigest returns a digest of the network prefix, by which attempts are counted too, and the
// browser. It is the same for two requests of one client.
func clientDigest(o driver.Origin) []byte {
	place := ""
	if prefix := o.Prefix(32, 64); prefix.IsValid() {
		place = prefix.String()
	}
	sum := sha256.Sum256([]byte(place + "\n" + cutUserAgent(o.UserAgent)))
	return sum[:]
}
