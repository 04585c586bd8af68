// Package process runs the servers of development as children that never outlive the process that started them.
package process

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"syscall"
	"time"
)

// A shell stands between us and the server. Our death, by whatever signal, closes the pipe on its standard
// input; it then signals the server to stop, waits for it, and removes its folder if the data were temporary. Go
// cannot ask for this on every system (Pdeathsig is Linux's, and bound to a thread).
const watcher = `
exec 3<&0
signal=$1
remove=$2
shift 2
"$@" 3<&- </dev/null &
server=$!
{ cat <&3 >/dev/null 2>&1; kill -s "$signal" "$server"; } >/dev/null 2>&1 &
watch=$!
exec 3<&-
wait "$server"
code=$?
kill "$watch" 2>/dev/null
if [ -n "$remove" ]; then rm -rf "$remove"; fi
exit "$code"`

// Options say how a child runs.
type Options struct {
	Credential     *syscall.Credential // the user to run as; nil: ours
	Stdout, Stderr io.Writer           // an *os.File is handed over as it is
	Env            []string            // nil: ours
	Signal         string              // the one that asks it to stop: TERM unless given
	Remove         string              // a folder to remove after the child has ended, whoever ended it
}

// Child is a running server.
type Child struct {
	command *exec.Cmd
	stdin   io.Closer
	done    chan struct{}
	err     error
}

// Start runs a program in a process group of its own, so that the terminal's Ctrl-C reaches us and not it.
func Start(o Options, program string, args ...string) (*Child, error) {
	command := exec.Command("/bin/sh", append([]string{"-c", watcher, "sh", cmp.Or(o.Signal, "TERM"), o.Remove, program}, args...)...)
	command.Dir = "/" // ours may be closed to the child's user
	command.Env = o.Env
	command.Stdout, command.Stderr = o.Stdout, o.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: o.Credential}
	stdin, err := command.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", program, err)
	}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", program, err)
	}
	c := &Child{command: command, stdin: stdin, done: make(chan struct{})}
	go func() {
		c.err = command.Wait()
		close(c.done)
	}()
	return c, nil
}

// PID is the process at the root of the child's tree.
func (c *Child) PID() int { return c.command.Process.Pid }

// Done is closed when the child has ended.
func (c *Child) Done() <-chan struct{} { return c.done }

// Err says, after Done, how the child ended: nil for exit code 0.
func (c *Child) Err() error { return c.err }

// Stop asks the child to stop and waits until it has ended; after limit it is killed, and that is an error.
func (c *Child) Stop(limit time.Duration) error {
	select {
	case <-c.done:
		return nil
	default:
	}
	_ = c.stdin.Close()
	select {
	case <-c.done:
		return nil
	case <-time.After(limit):
	}
	err := syscall.Kill(-c.PID(), syscall.SIGKILL)
	if err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("killing process group %d: %w", c.PID(), err)
	}
	<-c.done
	return fmt.Errorf("process %d did not stop within %s and was killed", c.PID(), limit)
}
