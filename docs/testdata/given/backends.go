package given

type Partner struct{ Name string }

func (p Partner) Account() driver.Account { return driver.Account{ID: driver.UserID(p.Name)} }

var (
	hooks        ginauth.Backend[User]
	authorOfPost func(*gin.Context) (driver.UserID, error)
	deletePost   gin.HandlerFunc
	listUsers    gin.HandlerFunc
	listProjects gin.HandlerFunc
)
