package given

type Partner struct{ Name string }

func (p Partner) Account() ginauth.Account { return ginauth.Account{ID: ginauth.UserID(p.Name)} }

var (
	hooks        ginauth.Backend[User]
	authorOfPost func(*gin.Context) (ginauth.UserID, error)
	deletePost   gin.HandlerFunc
	listUsers    gin.HandlerFunc
	listProjects gin.HandlerFunc
)
