package given

var (
	cfg     *ginauth.Config[store.User]
	db      *store.DB[store.User]
	keys    *jwt.Ring
	apiKeys *apikey.Keys[store.User]
	flow    *jwt.Flow[store.User]
	accept  jwt.Accept
	bearer  ginauth.Backend[store.User]
	theirs  jwt.KeySource
	user    store.User
)
