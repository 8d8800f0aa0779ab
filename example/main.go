// Command example is a small web app with accounts: sign up, log in, forget the password, move to another
// address, leave, and come back.
//
//	go run ./example
//
// It needs nothing else: unless DATABASE_URL is set, it starts a private PostgreSQL, which ends with it and
// keeps its data. Where PostgreSQL is not installed, it keeps everything in memory until it ends. Mails go to
// a page, /mailbox. main.go is the program, storage.go the database, routes.go what an app adds for ginauth,
// and the other files are its pages.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/gin-gonic/gin"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	gin.SetMode(gin.ReleaseMode)

	s, err := readSettings(os.Args[1:], os.Getenv)
	if err == nil {
		err = run(ctx, s, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	}
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.Is(err, context.Canceled) && ctx.Err() != nil: // Ctrl-C during the start
	default:
		fmt.Fprintln(os.Stderr, "example:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends, and then takes everything down again.
func run(ctx context.Context, s settings, log *slog.Logger) (err error) {
	// The port comes first: when it is taken, no database need be started.
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.addr)
	if err != nil {
		return fmt.Errorf("%w: choose another port with -addr localhost:8081 or PORT=8081", err)
	}
	defer listener.Close() //nolint:errcheck // the server closes it too

	kept, err := openStorage(ctx, s, log)
	if err != nil {
		return err
	}
	defer func() {
		if closing := kept.close(ctx); err == nil {
			err = closing
		}
	}()

	url := s.url(listener.Addr())
	engine, mails, err := router(kept.users, url, s, log) //nolint:contextcheck // each request has its own
	if err == nil {
		err = finish(engine) //nolint:contextcheck // it waits for nothing
	}
	if err != nil {
		return fmt.Errorf("checking the routes: %w", err)
	}
	fmt.Printf("Open %[1]s in a browser. Ctrl-C stops the example.\nMail that the example sends is at %[1]s/mailbox\n", url)
	if kept.pool == nil {
		fmt.Println(onlyInMemory)
	}
	return beside(ctx, func(ctx context.Context) error {
		return serve(ctx, listener, engine, kept.gone(), log)
	}, append(kept.jobs, mails.Run)...)
}

// beside does what main does and the jobs at the same time, until ctx or the first of them ends, and waits
// for all. It returns why it ended, nil when ctx did.
func beside(ctx context.Context, main func(context.Context) error, jobs ...func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	var running sync.WaitGroup
	for _, job := range jobs {
		running.Go(func() { cancel(job(ctx)) })
	}
	err := main(ctx)
	cancel(err)
	running.Wait()
	if err = context.Cause(ctx); errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// serve handles requests until ctx ends or the database is gone, and finishes those under way.
func serve(ctx context.Context, listener net.Listener, engine *gin.Engine, gone <-chan struct{}, log *slog.Logger) error {
	server := &http.Server{
		Handler:           engine,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }() // ends with Shutdown or Close

	var err error
	select {
	case <-ctx.Done():
		log.Info("stopping")
	case <-gone:
		err = errors.New("the private PostgreSQL has ended by itself: start the example again")
	case err = <-failed:
		err = fmt.Errorf("serving: %w", err)
	}
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if server.Shutdown(patience) != nil {
		_ = server.Close() // whoever still waits for an answer gets none
	}
	return err
}
