package given

var (
	router  *gin.Engine
	options openapi.Options
)
