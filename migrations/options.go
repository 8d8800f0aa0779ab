package migrations

import "log/slog"

// Option changes how [Up], [Down] and [DownTo] work.
type Option func(*options)

type options struct {
	tableLock bool
	logger    *slog.Logger
}

// WithTableLock replaces the advisory lock by goose's table locker: a row with a lease of 30 s
// in ginauth.goose_lock, asked for every 250 ms. Use it where advisory locks do not hold, such
// as behind PgBouncer in transaction mode or on an engine that only speaks PostgreSQL's
// protocol. It is slower, and a process that dies blocks the others until its lease ends.
func WithTableLock() Option {
	return func(o *options) { o.tableLock = true }
}

// WithLogger reports each applied migration to l. Default: nothing is logged.
func WithLogger(l *slog.Logger) Option {
	return func(o *options) {
		if l != nil {
			o.logger = l
		}
	}
}

func newOptions(opts []Option) options {
	o := options{logger: slog.New(slog.DiscardHandler)}
	for _, opt := range opts {
		opt(&o)
	}
	return o
}
