// Command testenv starts the servers that tests need, Postgres and Temporal, runs a command with their addresses in
// its environment, stops them, and exits as the command did:
//
//	go run ./dev/testenv go test ./...
//
// So all packages share one of each. A server whose address is in the environment already is not started.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"github.com/legato-flow/legato/dev/console"
	"github.com/legato-flow/legato/internal/testkit"
	"golang.org/x/sync/errgroup"
)

func main() {
	args := os.Args[1:]
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		fmt.Fprintln(os.Stderr, "usage: testenv command [argument ...]")
		os.Exit(2)
	}
	code, err := run(args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testenv:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func run(args []string) (code int, err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	servers, err := start(ctx, console.New(os.Stderr))
	defer func() { err = errors.Join(err, servers.stop()) }()
	if err != nil {
		return 1, err
	}
	// The terminal's Ctrl-C reaches the command as well; it decides when to end.
	command := exec.CommandContext(ctx, args[0], args[1:]...)
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = 30 * time.Second
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	command.Env = append(os.Environ(), servers.environment...)
	err = command.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return max(exit.ExitCode(), 1), nil
	}
	return 0, err
}

type servers struct {
	environment []string
	stops       []func() error
}

func (s *servers) stop() (err error) {
	for _, stop := range s.stops {
		err = errors.Join(err, stop())
	}
	return err
}

func start(ctx context.Context, out *console.Console) (*servers, error) {
	s := &servers{}
	var group errgroup.Group
	started := make(chan servers, 2) // what each adds
	if os.Getenv(testkit.DatabaseVariable) == "" {
		group.Go(func() error {
			begun := time.Now()
			server, err := testkit.StartPostgres(ctx)
			if err != nil {
				return err
			}
			out.Ready("postgres", time.Since(begun), fmt.Sprintf("version %d, 127.0.0.1:%d", server.Version, server.Port))
			started <- servers{environment: []string{testkit.DatabaseVariable + "=" + server.URL}, stops: []func() error{server.Stop}}
			return nil
		})
	}
	if os.Getenv(testkit.TemporalVariable) == "" {
		group.Go(func() error {
			begun := time.Now()
			server, err := testkit.StartTemporal(ctx, func(state string) { out.Progress("temporal", state) })
			if err != nil {
				return err
			}
			out.Ready("temporal", time.Since(begun), server.Address)
			started <- servers{environment: []string{testkit.TemporalVariable + "=" + server.Address}, stops: []func() error{server.Stop}}
			return nil
		})
	}
	err := group.Wait()
	close(started)
	for added := range started {
		s.environment = append(s.environment, added.environment...)
		s.stops = append(s.stops, added.stops...)
	}
	return s, err
}
