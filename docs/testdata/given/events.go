package given

var (
	id    driver.UserID
	cause driver.Cause
	err   error

	writeAudit func(context.Context, pgx.Tx, driver.Event) error
	notify     func(context.Context, driver.Event)
)
