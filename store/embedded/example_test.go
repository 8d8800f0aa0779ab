//go:build unix && !aix && !solaris

package embedded_test

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/ginauth/ginauth/store/embedded"
)

func ExampleStart() {
	ctx := context.Background()
	server, err := embedded.Start(ctx, embedded.Options{Ephemeral: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = server.Stop(ctx) }()

	conn, err := pgx.Connect(ctx, server.URL())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = conn.Close(ctx) }()
	var answer int
	if err := conn.QueryRow(ctx, "SELECT 6 * 7").Scan(&answer); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(answer)
	// Output: 42
}
