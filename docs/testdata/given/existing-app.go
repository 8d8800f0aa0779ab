package given

type app struct{ users users }

var (
	a       *app
	key     []byte
	until   time.Time
	cfg     *ginauth.Config[user]
	isAdmin ginauth.Guard
)

func (a *app) page(name string) gin.HandlerFunc { return nil }

func (a *app) profile(c *gin.Context, u user) {}

func (a *app) admin(c *gin.Context) {}
