// Package postgres runs a Postgres server for development and tests from the programs installed on this machine.
//
// It listens on the loopback address only, keeps its data in a folder of its own, and stops when the process that
// started it ends, however that ends.
package postgres

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/legato-flow/legato/dev/process"
	"github.com/lib/pq"
)

const (
	superuser = "legato"
	database  = "legato"
	patience  = time.Minute // how long recovery after a crash may take
)

// Options say where and how the server runs.
type Options struct {
	Dir       string // the folder for its data, made when it is missing
	Port      int    // on 127.0.0.1; 0 picks a free one
	Fast      bool   // for tests: a crash of the machine may lose data
	Temporary bool   // remove Dir when the server ends
}

// Server is a running Postgres.
type Server struct {
	URL     string // of the superuser, to a database called legato
	Version int    // the major version
	Dir     string // where the data are: Options.Dir, unless the user that Postgres runs as cannot get there
	Port    int
	User    string // the user it runs as, when that is not ours
	child   *process.Child

	temporary bool
}

// Start makes the cluster when there is none, starts the server and waits until it answers.
func Start(ctx context.Context, o Options) (*Server, error) {
	account, err := unprivileged()
	if err != nil {
		return nil, err
	}
	found, err := installations(os.Getenv("PATH"), usualPlaces)
	if err != nil {
		return nil, err
	}
	// Before a folder is made, as without Postgres there will be nothing to put there.
	if _, err := choose(found, 0); err != nil {
		return nil, err
	}
	dir, err := account.home(o.Dir)
	if err != nil {
		return nil, err
	}
	c := cluster{dir: dir, account: account}
	major, err := c.version()
	if err != nil {
		return nil, err
	}
	in, err := choose(found, major)
	if err != nil {
		return nil, err
	}
	if major == 0 {
		if err := c.create(in, o.Fast); err != nil {
			return nil, err
		}
	}
	if err := c.release(10 * time.Second); err != nil {
		return nil, err
	}
	password, err := c.password()
	if err != nil {
		return nil, err
	}
	port, err := process.Port(o.Port, "Postgres")
	if err != nil {
		return nil, err
	}
	s := &Server{Version: in.major, Dir: dir, Port: port, User: account.name, temporary: o.Temporary}
	s.URL = address(password, port, database)
	if err := s.launch(ctx, c, in, o, address(password, port, "postgres")); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Server) launch(ctx context.Context, c cluster, in installation, o Options, admin string) error {
	path := filepath.Join(s.Dir, "postgres.log")
	log, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("opening the log of Postgres: %w", err)
	}
	defer log.Close()
	options := process.Options{Credential: c.account.cred, Stdout: log, Stderr: log, Env: environment(), Signal: "INT"} // fast shutdown
	if o.Temporary {
		options.Remove = s.Dir
	}
	s.child, err = process.Start(options, filepath.Join(in.bin, "postgres"), append([]string{"-D", c.data()}, settings(s.Port, o.Fast)...)...)
	if err != nil {
		return err
	}
	if err := s.await(ctx, admin); err != nil {
		_ = s.Stop()
		return fmt.Errorf("%w; the end of %s:\n%s", err, path, tail(path, 2000))
	}
	return nil
}

// await waits until the server answers, and makes the database.
func (s *Server) await(ctx context.Context, admin string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	db, err := sql.Open("postgres", admin)
	if err != nil {
		return err
	}
	defer db.Close()
	for {
		_, err = db.ExecContext(ctx, "create database "+database)
		var refused *pq.Error
		if err == nil || (errors.As(err, &refused) && refused.Code.Name() == "duplicate_database") {
			return nil
		}
		if errors.As(err, &refused) && refused.Code.Name() != "cannot_connect_now" {
			return fmt.Errorf("making the database: %w", err)
		}
		select {
		case <-s.child.Done():
			return errors.New("the server ended while it started")
		case <-ctx.Done():
			return fmt.Errorf("waiting for an answer of Postgres: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// PID is the process at the root of the server's tree.
func (s *Server) PID() int { return s.child.PID() }

// Done is closed when the server has ended.
func (s *Server) Done() <-chan struct{} { return s.child.Done() }

// Stop ends all connections, writes everything to disk and ends the server.
func (s *Server) Stop() error {
	if err := s.child.Stop(20 * time.Second); err != nil {
		return fmt.Errorf("stopping Postgres: %w", err)
	}
	if s.temporary {
		// The child has emptied the folder, but may not be allowed to remove it from ours.
		return os.RemoveAll(s.Dir)
	}
	return nil
}

// Remove deletes the data of the server whose Options.Dir is dir, wherever they are. It must not be running.
func Remove(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	for _, place := range append(elsewhere(dir), dir) {
		if err := os.RemoveAll(place); err != nil {
			return fmt.Errorf("removing the data of Postgres: %w", err)
		}
	}
	return nil
}

func settings(port int, fast bool) []string {
	values := []string{
		"listen_addresses=127.0.0.1", "port=" + strconv.Itoa(port), "unix_socket_directories=",
		"max_connections=400", "shared_buffers=256MB", "timezone=UTC", "log_timezone=UTC",
		"jit=off", // compiling costs more than the short queries here
		"log_checkpoints=off",
	}
	if fast {
		values = append(values, "fsync=off", "full_page_writes=off", "synchronous_commit=off", "autovacuum_naptime=5s", "max_wal_size=2GB")
	}
	var args []string
	for _, v := range values {
		args = append(args, "-c", v)
	}
	return args
}

func address(password string, port int, database string) string {
	return (&url.URL{Scheme: "postgres", User: url.UserPassword(superuser, password),
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), Path: database, RawQuery: "sslmode=disable"}).String()
}

func tail(path string, limit int) []byte {
	text, err := os.ReadFile(path)
	if err != nil {
		return []byte(err.Error())
	}
	return bytes.TrimSpace(text[max(0, len(text)-limit):])
}
