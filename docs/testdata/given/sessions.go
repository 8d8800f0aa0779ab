package given

var signingKey, encryptionKey []byte

var directory interface {
	Find(ctx context.Context, name string) (User, error)
}
