// Command ginauth has commands for operators, for the database that $DATABASE_URL names.
//
//	ginauth session delete [-dry-run] ID…           end sessions by their public ids
//	ginauth session delete [-dry-run] [-realm REALM] -user EMAIL   end all sessions of a user, and logins by refresh tokens
//	ginauth session delete [-dry-run] [-yes] -all   end the sessions of all users; asks first, unless -yes is set
//	ginauth session delete [-dry-run] -expired      delete the rows of sessions that have ended
//	ginauth user import [-dry-run] [-json] [-realm REALM] [-unicode-emails] [-hashes SYSTEM,…] [-map COLUMN=FIELD]… FILE.csv | FILE.jsonl | -format csv|jsonl - | -table TABLE
//
// Flags come before ids and files. If one id is unknown, no session is ended. Each command prints
// how many sessions it has ended. -dry-run changes nothing and prints how many would end.
//
// -realm is the tenant in which a user is found, or users are stored.
//
// An import prints a line for each row that it refuses, and the sums; -json prints both as JSON.
// -map reads a column as another field, or leaves it out with -map COLUMN=-. -hashes names the systems
// whose hashes the app reads: django, passlib, aspnet, phpass. docs/import.md has the fields and the
// reasons.
//
// A failure is one line on standard error and exit code 1; a wrong command line is exit code 2. An
// import that has refused rows ends with 3, and one that was interrupted with 130.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ginauth/ginauth/store"
)

// command is one of ginauth's: what it is about, such as "session", and what it does.
type command struct {
	noun, verb, usage string
	run               func(context.Context, *env, []string) error
}

// commands are all of them.
var commands = []command{sessionDelete, userImport}

// env is what commands work on.
type env struct {
	pool *pgxpool.Pool
	db   *store.DB[store.User]
	in   io.Reader
	out  io.Writer
}

var (
	errUsage       = errors.New("usage")
	errInterrupted = errors.New("interrupted")
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // a second interrupt ends the process at once
	err := run(ctx, os.Args[1:], os.Getenv("DATABASE_URL"), os.Stdin, os.Stdout)
	stop()
	code := exitCode(err)
	switch {
	case code == exitUsage:
		fmt.Fprint(os.Stderr, usage())
	case err != nil:
		fmt.Fprintln(os.Stderr, "ginauth:", strings.Join(strings.Fields(err.Error()), " "))
	}
	os.Exit(code)
}

const (
	exitFailed      = 1
	exitUsage       = 2
	exitRefused     = 3
	exitInterrupted = 128 + 2 // as shells have it for SIGINT
)

func exitCode(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errUsage):
		return exitUsage
	case errors.Is(err, errSomeRefused):
		return exitRefused
	case errors.Is(err, errInterrupted):
		return exitInterrupted
	}
	return exitFailed
}

func usage() string {
	var text strings.Builder
	for _, c := range commands {
		fmt.Fprintf(&text, "usage: ginauth %s %s %s\n", c.noun, c.verb, c.usage)
	}
	return text.String()
}

func run(ctx context.Context, args []string, url string, in io.Reader, out io.Writer) error {
	if len(args) < 2 {
		return errUsage
	}
	for _, c := range commands {
		if c.noun != args[0] || c.verb != args[1] {
			continue
		}
		pool, err := open(ctx, url)
		if err != nil {
			return err
		}
		defer pool.Close()
		return c.run(ctx, &env{pool: pool, db: store.New[store.User](pool, store.WithTimeout(time.Minute)), in: in, out: out}, args[2:])
	}
	return errUsage
}

func open(ctx context.Context, url string) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil || url == "" { // what the parser says may hold a piece of a password
		return nil, errors.New("DATABASE_URL is not set or not understood: set it to postgres://user:password@host:5432/database")
	}
	return pgxpool.NewWithConfig(ctx, cfg)
}

// flags are a command's own, which say nothing by themselves.
func flags(name string) *flag.FlagSet {
	set := flag.NewFlagSet(name, flag.ContinueOnError)
	set.SetOutput(io.Discard)
	return set
}

// confirm asks a question that only "yes" answers.
func (e *env) confirm(question string) bool {
	_, _ = fmt.Fprintf(e.out, "%s Type yes: ", question)
	answer, _ := bufio.NewReader(e.in).ReadString('\n')
	return strings.TrimSpace(answer) == "yes"
}
