package embedded

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"regexp"
	"slices"
)

// Options says which server [Start] starts. With the zero value it keeps its data.
type Options struct {
	// Dir is the folder that holds the data, in a subfolder for each major version.
	// Default: "ginauth" in the user's cache folder or, if the server's user cannot reach that,
	// "ginauth-" and the user id in /var/tmp. With Ephemeral: the latter in the temporary folder.
	Dir string

	// Bin is the folder that holds the programs postgres and initdb.
	// Default: what [FindBinaries] finds.
	Bin string

	// Ephemeral makes a server for tests. Its data is new and deleted by Stop, or by the next
	// start when this process crashes. It writes nothing durably: fsync, synchronous_commit,
	// full_page_writes and autovacuum are off.
	Ephemeral bool

	// Logger gets one line for the start and the stop, warnings, and PostgreSQL's own log at
	// level Debug. That log may hold statements with their data. Default: nothing is logged.
	Logger *slog.Logger

	// Settings are parameters of the server, such as max_connections. They win over those
	// of this package, except for the ones that keep the server private.
	Settings map[string]string
}

var settingName = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z0-9_]+)?$`)

// reserved are the parameters that keep the server where its files are and out of the network.
var reserved = []string{
	"config_file", "data_directory", "external_pid_file", "hba_file", "ident_file",
	"listen_addresses", "port", "unix_socket_directories", "unix_socket_group", "unix_socket_permissions",
}

func (o Options) validate() error {
	if o.Logger != nil && o.Logger.Handler() == nil {
		return errors.New("Options.Logger has no handler: make it with slog.New, or leave it out")
	}
	for name := range o.Settings {
		if !settingName.MatchString(name) {
			return fmt.Errorf("a name in Options.Settings is not the name of a parameter in lower case: %q", name)
		}
		if slices.Contains(reserved, name) {
			return fmt.Errorf("the parameter %s in Options.Settings is not free to choose: the server is private", name)
		}
	}
	return nil
}

func (o Options) logger() *slog.Logger {
	if o.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return o.Logger
}

// durable tells whether data is to survive a power cut.
func (o Options) durable() bool {
	if fsync, set := o.Settings["fsync"]; set {
		return fsync != "off"
	}
	return !o.Ephemeral
}

// settings returns postgres's arguments for a server whose socket is in folder sockets.
func (o Options) settings(sockets string) []string {
	all := map[string]string{"log_timezone": "UTC", "timezone": "UTC"}
	if o.Ephemeral {
		maps.Copy(all, map[string]string{
			"autovacuum": "off", "fsync": "off", "full_page_writes": "off", "synchronous_commit": "off",
		})
	}
	maps.Copy(all, o.Settings)
	maps.Copy(all, map[string]string{
		"listen_addresses":        "",
		"port":                    port,
		"unix_socket_directories": quoteListItem(sockets),
		"unix_socket_permissions": "0700",
	})
	var args []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		args = append(args, "-c", name+"="+all[name])
	}
	return args
}
