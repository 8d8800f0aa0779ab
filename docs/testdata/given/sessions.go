package given

var signingKey, encryptionKey []byte

var (
	oldKey   string
	deadline time.Time
)

func verify(ctx context.Context, token string) (string, error) { return "", nil }

var directory interface {
	Find(ctx context.Context, name string) (User, error)
}
