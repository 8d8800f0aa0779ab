package given

var (
	mails    email.Flows[User]
	secret   string
	stopped  chan error
	provider interface {
		Send(ctx context.Context, from, to, subject, plain, html, id string) error
	}
)
