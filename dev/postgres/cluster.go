package postgres

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A cluster lives in one folder: data, password and postgres.log.
type cluster struct {
	dir     string
	account account
}

func (c cluster) data() string { return filepath.Join(c.dir, "data") }

// version gives the major version that made the cluster, or 0 when there is none yet.
func (c cluster) version() (int, error) {
	text, err := os.ReadFile(filepath.Join(c.data(), "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("reading the version of the data: %w", err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("%s/PG_VERSION is not a number: %w", c.data(), err)
	}
	return major, nil
}

// create makes the cluster aside and renames it when it is whole, so that one that was interrupted is never used.
// Other users of the machine could become the database's superuser, and so run programs as its account, if the
// loopback address were trusted: hence a random password.
func (c cluster) create(in installation, fast bool) error {
	making := filepath.Join(c.dir, "making")
	password := filepath.Join(c.dir, "password")
	if err := errors.Join(os.RemoveAll(making), os.RemoveAll(password)); err != nil {
		return fmt.Errorf("clearing an unfinished cluster: %w", err)
	}
	if err := os.WriteFile(password, []byte(rand.Text()), 0o600); err != nil {
		return fmt.Errorf("storing the database's password: %w", err)
	}
	if c.account.cred != nil {
		if err := os.Chown(password, c.account.uid, int(c.account.cred.Gid)); err != nil {
			return fmt.Errorf("storing the database's password: %w", err)
		}
	}
	var out []byte
	var err error
	// Case folding of letters beyond ASCII needs a locale that knows them; not every system has the first.
	for _, locale := range []string{"C.UTF-8", "en_US.UTF-8", "C"} {
		args := []string{"--pgdata", making, "--username", superuser, "--pwfile", password, "--auth", "scram-sha-256",
			"--encoding", "UTF8", "--locale", locale}
		if fast {
			args = append(args, "--no-sync")
		}
		out, err = c.account.command(filepath.Join(in.bin, "initdb"), args...).CombinedOutput()
		if err == nil {
			return os.Rename(making, c.data())
		}
		_ = os.RemoveAll(making)
	}
	return fmt.Errorf("initdb: %w\n%s", err, out)
}

func (c cluster) password() (string, error) {
	text, err := os.ReadFile(filepath.Join(c.dir, "password"))
	if err != nil {
		return "", fmt.Errorf("reading the database's password: %w", err)
	}
	return string(text), nil
}

// release deals with a postmaster.pid that an earlier server left. A server that is just stopping is given time.
// One that died leaves a number that may by now be another program's, which Postgres would take for its own.
func (c cluster) release(limit time.Duration) error {
	file := filepath.Join(c.data(), "postmaster.pid")
	for end := time.Now().Add(limit); ; time.Sleep(50 * time.Millisecond) {
		text, err := os.ReadFile(file)
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading what an earlier Postgres left: %w", err)
		}
		first, _, _ := strings.Cut(string(text), "\n")
		pid, err := strconv.Atoi(strings.TrimSpace(first))
		if err != nil || !c.runs(pid) {
			return os.Remove(file)
		}
		if time.Now().After(end) {
			return fmt.Errorf("another Postgres (process %d) works on %s: stop it, with kill -INT %d", pid, c.data(), pid)
		}
	}
}

// runs reports whether the process is a Postgres on this cluster.
func (c cluster) runs(pid int) bool {
	if pid <= 0 || errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	out, err := exec.Command("ps", "-ww", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && strings.Contains(string(out), "postgres -D "+c.data())
}
