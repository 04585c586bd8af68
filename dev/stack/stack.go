// Package stack is what Legato stands on in development: Postgres with the migrated database and the sample store,
// Temporal, and the inbox, started with one call and stopped with another.
package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/legato-flow/legato/dev/console"
	"github.com/legato-flow/legato/dev/inbox"
	"github.com/legato-flow/legato/dev/postgres"
	"github.com/legato-flow/legato/dev/temporalserver"
)

// Options say where and how the stack runs.
type Options struct {
	Root        string // the repository, with the sources of the Temporal server
	Dir         string // the folder for all data, made when it is missing: .legato
	Fresh       bool   // empty Dir first, but for built programs
	DatabaseURL string // a database to use; "" starts Postgres
	Ports       Ports
	Console     *console.Console
}

// Stack is what runs.
type Stack struct {
	DatabaseURL string
	Temporal    string // host:port
	TemporalUI  string // URL
	Mail        string // host:port
	BaseURL     string // of the API's port
	Inbox       *inbox.Box

	options  Options
	lock     *lock
	postgres *postgres.Server
	temporal *temporalserver.Server
	mail     *inbox.Server
	failed   chan error
}

// Start starts everything, and says on the console what it does. What was started is stopped again when a part
// fails.
func Start(ctx context.Context, o Options) (*Stack, error) {
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("making the folder for development data: %w", err)
	}
	s := &Stack{options: o, failed: make(chan error, 3), BaseURL: fmt.Sprintf("http://127.0.0.1:%d", o.Ports.HTTP)}
	var err error
	if s.lock, err = acquire(filepath.Join(o.Dir, "lock"), fmt.Sprintf("process %d, %s\n", os.Getpid(), s.BaseURL)); err != nil {
		return nil, err
	}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

func (s *Stack) start(ctx context.Context) error {
	o := s.options
	patience := time.Duration(0)
	if s.lock.unclean {
		patience = 10 * time.Second
	}
	if err := o.Ports.check(o.DatabaseURL == "", patience); err != nil {
		return err
	}
	if o.Fresh {
		if err := empty(o.Dir); err != nil {
			return err
		}
	}
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.startTemporal(groupCtx) })
	group.Go(func() error {
		if err := s.startPostgres(groupCtx); err != nil {
			return err
		}
		return s.fill(groupCtx)
	})
	group.Go(s.startInbox)
	if err := group.Wait(); err != nil {
		return err
	}
	s.watch()
	return nil
}

// empty removes the data, and keeps programs that took minutes to build, and the lock that we hold.
func empty(dir string) error {
	if err := postgres.Remove(filepath.Join(dir, "postgres")); err != nil {
		return err
	}
	for _, name := range []string{"temporal", "inbox"} {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("emptying %s: %w", dir, err)
		}
	}
	return nil
}

func (s *Stack) startPostgres(ctx context.Context) error {
	if s.options.DatabaseURL != "" {
		s.DatabaseURL = s.options.DatabaseURL
		return nil
	}
	begun := time.Now()
	s.options.Console.Progress("postgres", "starting")
	dir := filepath.Join(s.options.Dir, "postgres")
	server, err := postgres.Start(ctx, postgres.Options{Dir: dir, Port: s.options.Ports.Postgres})
	if err != nil {
		return err
	}
	s.postgres, s.DatabaseURL = server, server.URL
	detail := fmt.Sprintf("127.0.0.1:%d, version %d, data in %s", server.Port, server.Version, server.Dir)
	if server.User != "" {
		detail += ", as user " + server.User
		if server.Dir != dir {
			detail += ", who cannot enter " + dir
		}
	}
	s.options.Console.Ready("postgres", time.Since(begun), detail)
	return nil
}

func (s *Stack) startTemporal(ctx context.Context) error {
	begun := time.Now()
	builder := temporalserver.Builder{Root: s.options.Root, Caches: temporalserver.Caches(s.options.Root),
		Progress: func(state string) { s.options.Console.Progress("temporal", state) }}
	binary, err := builder.Binary(ctx)
	if err != nil {
		return err
	}
	server, err := temporalserver.Start(ctx, temporalserver.Options{Binary: binary, Dir: filepath.Join(s.options.Dir, "temporal"),
		Port: s.options.Ports.Temporal, UIPort: s.options.Ports.TemporalUI})
	if err != nil {
		return err
	}
	s.temporal, s.Temporal, s.TemporalUI = server, server.Address, server.UI
	s.options.Console.Ready("temporal", time.Since(begun), fmt.Sprintf("%s, web UI %s", server.Address, server.UI))
	return nil
}

func (s *Stack) startInbox() error {
	begun := time.Now()
	box, err := inbox.Open(filepath.Join(s.options.Dir, "inbox"), nil)
	if err != nil {
		return err
	}
	server, err := box.Listen(fmt.Sprintf("127.0.0.1:%d", s.options.Ports.Mail))
	if err != nil {
		return err
	}
	s.Inbox, s.mail, s.Mail = box, server, server.Address
	s.options.Console.Ready("inbox", time.Since(begun), fmt.Sprintf("SMTP %s, %d messages kept", server.Address, box.Count()))
	return nil
}

// watch notices a part that ends by itself.
func (s *Stack) watch() {
	if s.postgres != nil {
		go func() {
			<-s.postgres.Done()
			s.failed <- fmt.Errorf("the Postgres server has ended; %s/postgres.log may say why", s.postgres.Dir)
		}()
	}
	go func() {
		<-s.temporal.Done()
		s.failed <- fmt.Errorf("the Temporal server has ended; %s may say why", filepath.Join(s.options.Dir, "temporal", "temporal.log"))
	}()
	go func() { s.failed <- <-s.mail.Failed() }()
}

// Failed gives the error of a part that ended by itself.
func (s *Stack) Failed() <-chan error { return s.failed }

// Stop stops what runs: first what takes work in, and Postgres last.
func (s *Stack) Stop() error {
	var problems []error
	if s.mail != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		problems = append(problems, s.mail.Stop(ctx))
	}
	if s.temporal != nil {
		problems = append(problems, s.temporal.Stop())
	}
	if s.postgres != nil {
		problems = append(problems, s.postgres.Stop())
	}
	return errors.Join(append(problems, s.lock.release())...)
}
