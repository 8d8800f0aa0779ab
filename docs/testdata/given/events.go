package given

var (
	id    ginauth.UserID
	cause ginauth.Cause
	err   error

	writeAudit func(context.Context, pgx.Tx, ginauth.Event) error
	notify     func(context.Context, ginauth.Event)
)
