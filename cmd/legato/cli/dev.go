package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/legato-flow/legato/dev"
	"github.com/legato-flow/legato/dev/console"
	"github.com/legato-flow/legato/dev/sample"
	"github.com/legato-flow/legato/dev/stack"
	"github.com/legato-flow/legato/internal/config"
)

// devOptions are the flags of legato dev.
type devOptions struct {
	ports   stack.Ports
	fresh   bool
	speed   float64
	noStory bool
	demo    bool
}

func devCommand() *cobra.Command {
	o := devOptions{ports: stack.DefaultPorts}
	command := &cobra.Command{
		Use:   "dev",
		Short: "Run everything on this machine, with a sample store",
		Long: "Start Postgres (DATABASE_URL if that is set), Temporal with its web UI, an inbox that keeps all mail, the API and\n" +
			"a worker, on loopback only. An empty database gets a sample store, and a story is played in it. Data are kept in\n" +
			".legato until --fresh. Run it inside a clone of the repository: the Temporal server is built from there, once.",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(command.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			go func() {
				<-ctx.Done()
				stop() // a second Ctrl-C ends us at once; what we started ends with us
			}()
			return o.run(ctx, console.New(command.OutOrStdout()))
		},
	}
	flags := command.Flags()
	flags.BoolVar(&o.fresh, "fresh", false, "empty .legato first: database, Temporal's state and inbox")
	flags.Float64Var(&o.speed, "speed", 3600, "how many times faster waits pass; 1 is the real clock")
	flags.BoolVar(&o.noStory, "no-story", false, "do not play the story")
	flags.BoolVar(&o.demo, "demo", false, "play the story in an empty store of its own, .legato/demo, and exit: 0 if all came out right")
	flags.IntVar(&o.ports.HTTP, "port", o.ports.HTTP, "port of the API, the inbox and the sample store")
	flags.IntVar(&o.ports.Mail, "mail-port", o.ports.Mail, "SMTP port of the inbox")
	flags.IntVar(&o.ports.Temporal, "temporal-port", o.ports.Temporal, "gRPC port of Temporal")
	flags.IntVar(&o.ports.TemporalUI, "temporal-ui-port", o.ports.TemporalUI, "port of Temporal's web UI")
	flags.IntVar(&o.ports.Postgres, "postgres-port", o.ports.Postgres, "port of Postgres")
	return command
}

func (o devOptions) run(ctx context.Context, out *console.Console) (err error) {
	begun := time.Now()
	root, err := dev.Root()
	if err != nil {
		return err
	}
	dir := filepath.Join(root, ".legato")
	if o.demo {
		dir, o.fresh = filepath.Join(dir, "demo"), true
	}
	c, err := o.configure(root)
	if err != nil {
		return err
	}
	if o.fresh && c.DatabaseURL != "" {
		return errors.New("--fresh and --demo empty the database that Legato starts itself, and do not touch the one that DATABASE_URL names: unset DATABASE_URL")
	}
	s, err := stack.Start(ctx, stack.Options{Root: root, Dir: dir, Fresh: o.fresh, DatabaseURL: string(c.DatabaseURL), Ports: o.ports, Console: out})
	if err != nil {
		return err
	}
	defer func() {
		out.Printf("stopping\n")
		err = errors.Join(err, s.Stop())
	}()
	c.DatabaseURL = config.Secret(s.DatabaseURL)
	leave, err := shareEnvironment(dir, c)
	if err != nil {
		return err
	}
	defer leave()
	logs, err := os.Create(filepath.Join(dir, "legato.log"))
	if err != nil {
		return fmt.Errorf("opening the log: %w", err)
	}
	defer logs.Close()
	l, err := serveDev(ctx, c, out.Troubles(logs), extra(s))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.stop()) }()
	out.Ready("legato", time.Since(begun), fmt.Sprintf("%s, logs in %s", l.applied, logs.Name()))
	welcome(out, s)

	// A part that ends by itself ends the story, too.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case failure := <-s.Failed():
			cancel(failure)
		case <-l.done:
			cancel(errors.New("Legato has ended; " + logs.Name() + " may say why"))
		case <-ctx.Done():
		}
	}()
	if !o.noStory || o.demo {
		err := o.play(ctx, out, s, l, c)
		if ctx.Err() != nil && !o.demo {
			err = nil // told to stop in the middle
		}
		if err != nil || o.demo {
			return cause(ctx, err)
		}
	}
	out.Printf("Ctrl-C stops everything.\n")
	<-ctx.Done()
	return cause(ctx, nil)
}

// cause is why the context ended, if something failed; being told to stop is no failure.
func cause(ctx context.Context, err error) error {
	if failure := context.Cause(ctx); failure != nil && !errors.Is(failure, context.Canceled) {
		return failure
	}
	return err
}

// configure makes the environment that of development, where everything runs on this machine, and reads it.
func (o devOptions) configure(root string) (config.Config, error) {
	for _, name := range []string{"LEGATO_LISTEN", "LEGATO_SMTP_ADDRESS", "LEGATO_SMTP_USERNAME", "LEGATO_SMTP_PASSWORD", "LEGATO_SMTP_TLS", "LEGATO_SPEED", "LEGATO_BASE_URL"} {
		if os.Getenv(name) != "" {
			return config.Config{}, fmt.Errorf("%s is set, but legato dev serves and mails on this machine alone, at the ports of its options: unset it", name)
		}
	}
	for _, v := range config.TemporalVariables() {
		if err := os.Unsetenv(v.Name); err != nil {
			return config.Config{}, err
		}
	}
	for name, value := range map[string]string{
		"LEGATO_MODE":          string(config.Development),
		"LEGATO_LISTEN":        fmt.Sprintf("127.0.0.1:%d", o.ports.HTTP),
		"LEGATO_SMTP_ADDRESS":  fmt.Sprintf("127.0.0.1:%d", o.ports.Mail),
		"LEGATO_SPEED":         fmt.Sprint(o.speed),
		"TEMPORAL_ADDRESS":     fmt.Sprintf("127.0.0.1:%d", o.ports.Temporal),
		"TEMPORAL_CONFIG_FILE": os.DevNull,
	} {
		if err := os.Setenv(name, value); err != nil {
			return config.Config{}, err
		}
	}
	c, err := config.FromEnvironment()
	if !filepath.IsAbs(c.Definitions) {
		c.Definitions = filepath.Join(root, c.Definitions)
	}
	return c, err
}

// extra serves the pages that only development has.
func extra(s *stack.Stack) http.Handler {
	mux := http.NewServeMux()
	box, shop := s.Inbox.Handler(), sample.Handler(s.BaseURL)
	for path, handler := range map[string]http.Handler{"/inbox": box, "/inbox/": box, "/sample": shop, "/sample/": shop} {
		mux.Handle(path, handler)
	}
	return mux
}

func welcome(out *console.Console, s *stack.Stack) {
	out.Printf(`
  inbox         %[1]s/inbox
  Temporal UI   %[2]s
  sample store  %[1]s/sample/
  API           %[1]s/api

Put something into a cart, as a shop would:

  curl %[1]s/api/events -H 'Authorization: Klaviyo-API-Key %[3]s' -H 'revision: 2026-07-15' \
    -H 'Content-Type: application/vnd.api+json' -d '{"data": {"type": "event", "attributes": {
      "metric": {"data": {"type": "metric", "attributes": {"name": "Added to Cart"}}},
      "profile": {"data": {"type": "profile", "attributes": {"email": "ada@example.com", "first_name": "Ada"}}},
      "properties": {"Items": [{"ProductName": "Ceramic Dripper", "ItemPrice": 24, "Quantity": 1,
        "ImageURL": "%[1]s/sample/images/brewers-01.png"}]}, "value": 24}}}'

`, s.BaseURL, s.TemporalUI, stack.Key)
}
