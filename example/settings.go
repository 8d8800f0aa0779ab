package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"

	"github.com/ginauth/ginauth/ginauth/password"
)

// settings are what the command line and the environment say.
type settings struct {
	addr     string // to listen on
	database string // connection string; empty: a private PostgreSQL, or memory
	dir      string // of the private PostgreSQL; empty: its own choice
	// unlimited lets a load test log in as often as it likes.
	unlimited bool
	// tenants are at hosts of their own; nil: there are none.
	tenants tenants
	// passwords hashes them; nil: the default. Tests have a cheap one.
	passwords *password.Hasher
}

const usage = `usage: go run ./example [-addr host:port] [-dir folder] [-insecure-unlimited]

  -addr host:port  where to listen (default localhost:8080; with PORT set, that port).
                   The app answers to the name localhost only, whatever the address.
  -dir folder      where the private PostgreSQL keeps its data
                   (default: ginauth in the user's cache folder)
  -insecure-unlimited
                   lets anybody try any number of passwords: for load tests from this machine

With DATABASE_URL set, that database is used and no private PostgreSQL is started.
Without it and without PostgreSQL on this machine, everything is kept in memory until the example ends.
With TENANTS=acme,globex, two tenants with users of their own are at http://acme.localhost:8080
and http://globex.localhost:8080.
`

func readSettings(args []string, getenv func(string) string) (settings, error) {
	s := settings{addr: "localhost:8080", database: getenv("DATABASE_URL")}
	if port := getenv("PORT"); port != "" {
		s.addr = net.JoinHostPort("localhost", port)
	}
	flags := flag.NewFlagSet("example", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // main prints the error, in one line
	flags.StringVar(&s.addr, "addr", s.addr, "")
	flags.StringVar(&s.dir, "dir", "", "")
	flags.BoolVar(&s.unlimited, "insecure-unlimited", false, "")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Print(usage)
		return s, err
	case err != nil:
		return s, fmt.Errorf("%w: -help lists the flags", err)
	case flags.NArg() > 0:
		return s, errors.New("there are words that belong to no flag: -help lists the flags")
	}
	host, port, err := net.SplitHostPort(s.addr)
	if err != nil || !isPort(port) {
		return s, errors.New("the address to listen on must be host:port or :port, with a port from 0 to 65535: correct -addr or PORT")
	}
	if s.tenants, err = readTenants(getenv("TENANTS")); err != nil {
		return s, err
	}
	if len(s.tenants) > 0 && host != "localhost" {
		return s, errors.New("with TENANTS the example must listen on localhost, below which each tenant has its host: leave the host of -addr out")
	}
	if s.unlimited && !isLocal(host) {
		return s, errors.New("-insecure-unlimited is for this machine alone: leave it out, or listen on localhost")
	}
	return s, nil
}

func isPort(s string) bool {
	_, err := strconv.ParseUint(s, 10, 16)
	return err == nil
}

func isLocal(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

// url is what a person types to reach the app, and what links in mails begin with. A port of 0 has become a
// real one by now. Whatever the address, the app answers to localhost only.
func (s settings) url(bound net.Addr) string {
	host, port, _ := net.SplitHostPort(s.addr) // checked by readSettings
	if tcp, ok := bound.(*net.TCPAddr); ok {
		port = strconv.Itoa(tcp.Port)
	}
	if !isLocal(host) {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}
