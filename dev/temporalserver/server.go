// Package temporalserver builds and runs the Temporal server of development and tests, which is a Go module of its
// own in dev/temporal.
package temporalserver

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/legato-flow/legato/dev/process"
)

// patience is how long the server may take to start; measured: under a second.
const patience = time.Minute

// Options say where and how the server runs.
type Options struct {
	Binary    string // see Builder
	Dir       string // the folder for its data, made when it is missing
	Port      int    // gRPC, on 127.0.0.1; 0 picks a free one
	UIPort    int    // web UI, on 127.0.0.1; 0 picks a free one, -1 turns it off
	Namespace string // made when it is missing; "" is default
	Postgres  string // URL of a server that keeps the data instead of a file in Dir; "" is none
	Temporary bool   // remove Dir when the server ends
}

// Server is a running Temporal.
type Server struct {
	Address string // host:port of the gRPC frontend
	UI      string // URL of the web UI; "" when it is off
	child   *process.Child
}

// Start starts the server and waits until it serves.
func Start(ctx context.Context, o Options) (*Server, error) {
	port, err := process.Port(o.Port, "Temporal")
	if err != nil {
		return nil, err
	}
	ui := o.UIPort
	if ui >= 0 {
		if ui, err = process.Port(ui, "Temporal's web UI"); err != nil {
			return nil, err
		}
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("making a folder for Temporal: %w", err)
	}
	logPath := filepath.Join(dir, "temporal.log")
	log, err := os.Create(logPath)
	if err != nil {
		return nil, fmt.Errorf("opening the log of Temporal: %w", err)
	}
	defer log.Close()
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("starting Temporal: %w", err)
	}
	defer writer.Close()
	options := process.Options{Stdout: writer, Stderr: log}
	if o.Temporary {
		options.Remove = dir
	}
	args := []string{"-db", filepath.Join(dir, "temporal.db"), "-port", strconv.Itoa(port), "-ui-port", strconv.Itoa(ui)}
	if o.Postgres != "" {
		u, err := url.Parse(o.Postgres)
		if err != nil {
			return nil, fmt.Errorf("the URL of Temporal's Postgres: %w", err)
		}
		password, _ := u.User.Password()
		u.User = url.User(u.User.Username())
		options.Env = append(os.Environ(), "PGPASSWORD="+password)
		args = append(args, "-postgres", u.String())
	}
	if o.Namespace != "" {
		args = append(args, "-namespace", o.Namespace)
	}
	child, err := process.Start(options, o.Binary, args...)
	if err != nil {
		_ = reader.Close()
		return nil, err
	}
	s := &Server{child: child}
	if err := s.await(ctx, reader); err != nil {
		said, _ := os.ReadFile(logPath)
		_ = s.Stop()
		return nil, fmt.Errorf("%w: %s", err, bytes.TrimSpace(said[max(0, len(said)-2000):]))
	}
	return s, nil
}

// await reads the line that says that the server is ready and where.
func (s *Server) await(ctx context.Context, stdout io.ReadCloser) error {
	ready := make(chan []string, 1)
	go func() {
		defer stdout.Close()
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			if fields := strings.Fields(lines.Text()); len(fields) == 3 && fields[0] == "READY" {
				ready <- fields[1:]
				break
			}
		}
		_, _ = io.Copy(io.Discard, stdout)
	}()
	select {
	case fields := <-ready:
		s.Address = fields[0]
		if fields[1] != "-" {
			s.UI = fields[1]
		}
		return nil
	case <-s.child.Done():
		return errors.New("the Temporal server ended while it started")
	case <-ctx.Done():
		return fmt.Errorf("waiting for Temporal: %w", ctx.Err())
	case <-time.After(patience):
		return fmt.Errorf("the Temporal server is not ready after %s", patience)
	}
}

// PID is the process at the root of the server's tree.
func (s *Server) PID() int { return s.child.PID() }

// Done is closed when the server has ended.
func (s *Server) Done() <-chan struct{} { return s.child.Done() }

// Stop ends the server; what it knows is in its file.
func (s *Server) Stop() error {
	if err := s.child.Stop(20 * time.Second); err != nil {
		return fmt.Errorf("stopping Temporal: %w", err)
	}
	return nil
}
