//go:build unix && !aix && !solaris

package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

// process is a program that runs as the server's user and does not outlive this process.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error // what Wait returned, once done is closed
}

// command prepares a program of the installation.
func (f *folder) command(ctx context.Context, bin Binaries, out io.Writer, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(bin.Dir, name), args...) //nolint:gosec // a program of the installation
	cmd.Dir = f.path                                                       // one that the account can enter
	cmd.Stdout, cmd.Stderr = out, out
	cmd.WaitDelay = time.Second
	cmd.Env = environment()
	// A group of its own: Ctrl-C in a terminal must not end the server before the app.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: f.account.credential(), Setpgid: true}
	return cmd
}

// environment leaves out this process's secrets, and the variables that PostgreSQL obeys.
func environment() []string {
	env := []string{"LC_ALL=C", "TZ=UTC"}
	for _, name := range []string{"PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// spawn starts a program that gets the signal when this process dies.
func spawn(cmd *exec.Cmd, onDeath syscall.Signal) (*process, error) {
	p := &process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error, 1)
	signalOnDeath(cmd.SysProcAttr, onDeath)
	go func() {
		// The kernel takes the death of the thread for that of the process, so the thread
		// must live as long as the program.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		g, err := p.start(onDeath)
		started <- err
		if err != nil {
			return
		}
		p.err = cmd.Wait()
		g.dismiss()
		close(p.done)
	}()
	return p, <-started
}

func (p *process) start(onDeath syscall.Signal) (*guard, error) {
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", filepath.Base(p.cmd.Path), err)
	}
	g, err := newGuard(p.cmd, onDeath)
	if err != nil {
		_ = p.cmd.Process.Kill()
		return nil, errors.Join(err, p.cmd.Wait())
	}
	return g, nil
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// failure is the error of a process that was to go on and has ended.
func (p *process) failure() error {
	if p.err == nil {
		return errors.New("the server has ended by itself")
	}
	return fmt.Errorf("the server has ended by itself: %w", p.err)
}

// halt ends the server as by a power cut.
func (p *process) halt() {
	// PostgreSQL itself kills after 5 seconds what does not end.
	const grace = 7 * time.Second
	p.signal(syscall.SIGQUIT)
	select {
	case <-p.done:
	case <-time.After(grace):
		p.signal(os.Kill)
		<-p.done
	}
}

// signal does nothing when the process has ended.
func (p *process) signal(s os.Signal) { _ = p.cmd.Process.Signal(s) }

// guard is a shell that outlives this process to end another. It does what signalOnDeath
// does, on all systems.
type guard struct {
	cmd *exec.Cmd
	in  io.WriteCloser
}

func newGuard(ward *exec.Cmd, onDeath syscall.Signal) (*guard, error) {
	// A line means that all is well; the end of the pipe, that its writer died.
	const script = `read -r _ || kill -s "$1" "$2"`
	name := map[syscall.Signal]string{syscall.SIGINT: "INT", syscall.SIGQUIT: "QUIT", syscall.SIGKILL: "KILL"}[onDeath]
	cmd := exec.Command("/bin/sh", "-c", script, "sh", name, strconv.Itoa(ward.Process.Pid)) //nolint:gosec // a signal and a number
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/usr/bin:/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: ward.SysProcAttr.Credential, Setpgid: true}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("making a pipe: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the shell that watches over PostgreSQL: %w", err)
	}
	return &guard{cmd: cmd, in: in}, nil
}

// dismiss ends the guard after its ward. It fails only if the guard has ended already.
func (g *guard) dismiss() {
	_, _ = io.WriteString(g.in, "\n")
	_ = g.in.Close()
	_ = g.cmd.Wait()
}
