package given

var (
	mails       *email.Flows[User]
	mailOptions email.Options[User]
	secret      string
	stopped     chan error
	provider    interface {
		Send(ctx context.Context, from, to, subject, plain, html, id string) error
	}
)
