package given

// cors stands for gin-contrib/cors, which the module does without.
var cors corsPackage

type corsPackage struct{}

func (corsPackage) New(corsConfig) gin.HandlerFunc { return nil }

type corsConfig struct{}

var origins corsConfig
