package postgres

import (
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is the user that Postgres runs as. The zero account is ourselves.
type account struct {
	name string
	uid  int
	cred *syscall.Credential
}

// unprivileged gives the account to run as: ours, or when we are root, which Postgres refuses, another.
func unprivileged() (account, error) {
	if os.Geteuid() != 0 {
		return account{}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.Atoi(u.Uid)
		if err != nil || uid == 0 {
			continue
		}
		gid, err := strconv.Atoi(u.Gid)
		if err != nil {
			continue
		}
		return account{name: name, uid: uid, cred: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
	}
	return account{}, errors.New("root may not run Postgres, and there is neither a user postgres nor a user nobody to run it as: start as another user, or set DATABASE_URL")
}

// home makes the folder that will hold the cluster and gives its path: dir, or one below /var when the account
// cannot get to dir because a folder above it is closed, as in a clone under /root.
func (a account) home(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if err := a.own(dir); err != nil {
		return "", err
	}
	if a.reaches(dir) {
		return dir, nil
	}
	for _, other := range elsewhere(dir) {
		if a.own(other) == nil && a.reaches(other) {
			return other, nil
		}
	}
	return "", fmt.Errorf("the user %s, as whom Postgres runs, can reach neither %s nor a folder in /var/lib or /var/tmp: move the clone out of the closed folder, or set DATABASE_URL", a.name, dir)
}

// elsewhere lists the folders that take the place of dir when the account cannot reach it.
func elsewhere(dir string) []string {
	if os.Geteuid() != 0 {
		return nil
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(dir))
	name := fmt.Sprintf("legato-%x", h.Sum64())
	return []string{filepath.Join("/var/lib", name), filepath.Join("/var/tmp", name)}
}

// own makes the folder and gives it to the account. It refuses a link or another's folder, as a name in /var/tmp
// can be guessed.
func (a account) own(dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("making a folder for Postgres: %w", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !os.IsExist(err) {
		return fmt.Errorf("making a folder for Postgres: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || !ok || (int(stat.Uid) != os.Geteuid() && int(stat.Uid) != a.uid) {
		return fmt.Errorf("%s is not a folder of ours: remove it", dir)
	}
	if a.cred == nil {
		return nil
	}
	if err := os.Chown(dir, a.uid, int(a.cred.Gid)); err != nil {
		return fmt.Errorf("giving %s to the user %s: %w", dir, a.name, err)
	}
	return nil
}

// reaches asks the kernel, as that account, which knows about groups, lists and mounts.
func (a account) reaches(dir string) bool {
	return a.command("/bin/sh", "-c", `cd "$0" && test -w .`, dir).Run() == nil
}

func (a account) command(program string, args ...string) *exec.Cmd {
	c := exec.Command(program, args...)
	c.Dir = "/" // ours may be closed to the account
	c.Env = environment()
	if a.cred != nil {
		c.SysProcAttr = &syscall.SysProcAttr{Credential: a.cred}
	}
	return c
}

// environment leaves out PGDATA, PGPORT and whatever else would change the server's behaviour.
func environment() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "TZ=UTC", "LC_ALL=C"}
}
