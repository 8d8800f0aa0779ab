package given

const columns = ""

type app struct {
	users    users
	sessions *store.External
}

var (
	a     *app
	key   []byte
	until time.Time
	cfg   *ginauth.Config[user]
)

func (a *app) page(name string) gin.HandlerFunc { return nil }

func (a *app) profile(c *gin.Context, u user) {}

func (a *app) admin(c *gin.Context) {}

var isAdmin ginauth.Guard
