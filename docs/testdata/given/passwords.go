package given

var (
	plain, network, client string
	hash                   password.Hash
	hasher                 *password.Hasher
)
