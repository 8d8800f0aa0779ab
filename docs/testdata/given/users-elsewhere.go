package given

var (
	staff   MySQL
	tenants map[string]Service
)
