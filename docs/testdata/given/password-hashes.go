package p

var (
	text   string
	hasher *password.Hasher
)
