package given

var (
	keys   *apikey.Keys[User]
	report gin.HandlerFunc
)
