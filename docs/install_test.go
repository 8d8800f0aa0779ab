//go:build unix

package docs_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// machine is a folder of programs that is all of PATH. It records what is installed with its package manager.
type machine struct{ dir string }

func newMachine(t *testing.T, programs ...string) machine {
	t.Helper()
	m := machine{t.TempDir()}
	for _, program := range append(programs, "initdb", "postgres") {
		m.add(t, program, "")
	}
	for _, tool := range []string{"mkdir", "tee", "chmod", "rm", "sed"} { // must not reach the real machine
		m.add(t, tool, "")
	}
	return m
}

func (m machine) add(t *testing.T, program, script string) {
	t.Helper()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash")
	}
	if err := os.WriteFile(filepath.Join(m.dir, program), []byte("#!"+bash+"\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
}

// addManager adds a package manager whose packages hold the program of their name, or the one that has says.
func (m machine) addManager(t *testing.T, name, has string) {
	t.Helper()
	copying, err := exec.LookPath("cp")
	if err != nil {
		t.Fatal(err)
	}
	m.add(t, name, fmt.Sprintf(`
for word in "$@"; do
	case $word in
	update) ;;
	install) installs=1 ;;
	-* | *=*) ;;
	*)
		[ "${installs:-}" = 1 ] || continue
		echo "$word" >>"%[2]s/calls"
		case $word in %[1]s *) program=${word##*/} ;; esac
		%[3]q "%[2]s/initdb" "%[2]s/$program"
		;;
	esac
done`, has, m.dir, copying))
}

// install runs .ci/install and returns what it printed and what it had installed.
func (m machine) install(t *testing.T, ci string, programs ...string) (code int, said string, packages []string) {
	t.Helper()
	cmd := exec.Command("bash", append([]string{"../.ci/install"}, programs...)...)
	cmd.Env = []string{"PATH=" + m.dir, "CI=" + ci}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	calls, err := os.ReadFile(filepath.Join(m.dir, "calls"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), strings.Fields(string(calls))
}

const (
	asRoot   = "echo 0"
	asNobody = "echo 1000"
	runs     = `shift; "$@"` // sudo -n, and env with one variable
)

func TestWhatTestsLackIsInstalled(t *testing.T) {
	t.Parallel()
	for manager, c := range map[string]struct {
		has  string
		want []string
	}{
		"apt-get": {"nodejs) program=node ;;", []string{"chromium", "redis-server", "memcached", "nodejs", "npm", "gcc", "libc6-dev"}},
		"dnf":     {"", []string{"chromium", "/usr/bin/redis-server", "/usr/bin/memcached", "/usr/bin/node", "/usr/bin/npm", "gcc", "glibc-devel"}},
		"brew":    {"redis) program=redis-server ;;", []string{"google-chrome", "redis", "memcached", "node", "gcc"}},
	} {
		for who, id := range map[string]string{"root": asRoot, "sudo": asNobody} {
			t.Run(manager+" as "+who, func(t *testing.T) {
				t.Parallel()
				m := newMachine(t, "pgbouncer")
				m.add(t, "id", id)
				m.add(t, "sudo", runs)
				m.add(t, "true", "")
				m.add(t, "env", runs)
				m.addManager(t, manager, c.has)
				if manager == "brew" {
					m.add(t, "npm", "") // comes with node
				}
				code, said, packages := m.install(t, "true", "gcc")
				if code != 0 || strings.Contains(said, "by hand") {
					t.Errorf("exit code %d: %s", code, said)
				}
				if diff := cmp.Diff(c.want, packages); diff != "" {
					t.Errorf("installed (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestNothingIsInstalledWhereAllIsThere(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "pgbouncer", "google-chrome", "redis-server", "memcached", "node", "npm")
	m.addManager(t, "apt-get", "")
	if code, said, packages := m.install(t, "true"); code != 0 || said != "" || len(packages) > 0 {
		t.Errorf("exit code %d, said %q, installed %v", code, said, packages)
	}
}

func TestWhoMayInstallNothingIsToldWhatToInstall(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(m machine){
		"no manager": func(machine) {},
		"no sudo": func(m machine) {
			m.addManager(t, "apt-get", "")
		},
		"a password for sudo": func(m machine) {
			m.addManager(t, "dnf", "")
			m.add(t, "sudo", "exit 1")
		},
	} {
		for ci, want := range map[string]int{"": 0, "true": 1} {
			m := newMachine(t, "pgbouncer", "redis-server", "node", "npm")
			m.add(t, "id", asNobody)
			prepare(m)
			code, said, packages := m.install(t, ci)
			if code != want || strings.Count(said, "\n") != 1 || !strings.HasSuffix(said, ": install these by hand: chromium memcached\n") || len(packages) > 0 {
				t.Errorf("%s, CI=%s: exit code %d, said %q, installed %v", name, ci, code, said, packages)
			}
		}
	}
}

func TestWhatAManagerDoesNotHaveIsNamed(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "pgbouncer", "redis-server", "node", "npm")
	m.add(t, "id", asRoot)
	m.addManager(t, "dnf", "chromium) program=elsewhere ;;")
	code, said, packages := m.install(t, "true")
	if code != 1 || !strings.Contains(said, "install these by hand: chromium\n") || len(packages) != 2 {
		t.Errorf("exit code %d, said %q, installed %v", code, said, packages)
	}
}
