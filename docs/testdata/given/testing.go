package given

func routes(*ginauth.Config[User]) *gin.Engine { return nil }

var clock interface{ Now() time.Time }
