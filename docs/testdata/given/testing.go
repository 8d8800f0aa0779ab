package given

var (
	t     *testing.T
	app   *ginauthtest.App[User]
	ada   *ginauthtest.Client[User]
	thief *ginauthtest.Client[User]
)

func migrate(context.Context, *pgxpool.Pool) error { return nil }

func showCart(*gin.Context) {}
