// What the Go blocks of the README and of docs/*.md take as given. A file of the name of such a
// document replaces declarations of the same names.
package given

var (
	ctx     context.Context
	pool    *pgxpool.Pool
	r       *gin.Engine
	c       *gin.Context
	cfg     *ginauth.Config[User]
	options ginauth.Options[User]
	db      *store.DB[User]
)

type User struct {
	store.User
	Plan, City string
}

func (User) Roles() []string { return nil }

func (User) Can(string) bool { return false }

// cors stands for gin-contrib/cors, which the module does without.
var cors corsPackage

type corsPackage struct{}

func (corsPackage) New(corsConfig) gin.HandlerFunc { return nil }

type corsConfig struct{}

var origins corsConfig
