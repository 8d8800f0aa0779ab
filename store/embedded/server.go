package embedded

import (
	"context"
	"net/url"
	"strings"
)

// port is part of the socket's name; nothing listens on it.
const port = "5432"

// Server is a running PostgreSQL server. Its methods may be used by many goroutines.
type Server struct {
	url  string
	done <-chan struct{}
	stop func(context.Context) error
}

// URL is the connection string of the server's database postgres, for its superuser. psql
// takes it too.
func (s *Server) URL() string { return s.url }

// Done is closed when the server has ended, after Stop or by itself.
func (s *Server) Done() <-chan struct{} { return s.done }

// Stop ends the server and waits for its end. Clients are disconnected. If ctx ends first, the
// server is stopped at once, as by a power cut; kept data survives that. An ephemeral server's
// folder is deleted. Further calls wait for the first and return its error, which is not nil
// when the server had ended by itself.
func (s *Server) Stop(ctx context.Context) error { return s.stop(ctx) }

func connString(sockets string) string {
	query := url.Values{"host": {sockets}, "port": {port}, "sslmode": {"disable"}}
	u := url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/postgres", RawQuery: query.Encode()}
	return u.String()
}

// quoteListItem writes a value as one item of a parameter that is a list.
func quoteListItem(value string) string {
	return `"` + strings.ReplaceAll(value, `"`, `""`) + `"`
}
