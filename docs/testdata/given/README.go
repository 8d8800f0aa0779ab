package given

var directory interface {
	Find(ctx context.Context, name string) (User, error)
}
