// Package embedded runs a private PostgreSQL server for an example, a demo or tests. It uses
// the PostgreSQL installed on the machine and downloads nothing.
//
//	server, err := embedded.Start(ctx, embedded.Options{})
//	if err != nil {
//		return err
//	}
//	defer server.Stop(context.Background())
//	pool, err := pgxpool.New(ctx, server.URL())
//
// The server listens on a Unix socket in a folder that only its own user may enter, and on no
// network. Whoever may enter that folder is its superuser, without a password.
//
// # Data
//
// Data is kept from one start to the next, in a folder for each major version of PostgreSQL.
// Two processes never share a server: the second waits two seconds for the first to end, and
// then runs on a folder of its own (15-2 beside 15) and logs so. With [Options.Ephemeral], data
// is thrown away when the server stops, and it is quick instead of safe.
//
// # Root
//
// PostgreSQL refuses to run as root. When this process does, the server runs as the user
// postgres or, without one, as nobody. A folder that this user cannot reach, such as one
// below /root, is replaced by one in /var/tmp; the log says which.
//
// # End
//
// The server ends with this process, however this process ends. The kernel sees to it on
// Linux, and a shell that waits on a pipe does so on every system. A server that was ended
// in this way is in order at the next start. Ctrl-C in a terminal reaches this process only,
// so that it can finish its work before it stops the server.
//
// Linux, macOS and the BSDs are supported. Elsewhere, [Start] returns an error.
package embedded
