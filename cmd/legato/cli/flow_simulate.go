package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/legato-flow/legato/flow"
	"github.com/legato-flow/legato/internal/config"
	"github.com/legato-flow/legato/simulate"
	"github.com/legato-flow/legato/store"
)

// simulateOptions are the flags of legato flow simulate.
type simulateOptions struct {
	events            []string
	person, history   string
	catalog           string
	at, until, window string
	limit, people     int
	asJSON            bool
	url, definitions  string            // from the environment
	settings          simulate.Settings // likewise
}

func flowSimulateCommand() *cobra.Command {
	var o simulateOptions
	command := &cobra.Command{
		Use:   "simulate FLOW",
		Short: "Play a flow in virtual time, for one person or over what is stored",
		Long: "Play a flow of the definitions as if it were live, and print every decision with its time. Nothing is sent, and\n" +
			"nothing that is stored changes: it runs in a scratch schema of DATABASE_URL, or in a Postgres of its own.\n" +
			"FLOW is an id, or a file. With --on-history it runs over the stored events of the last days instead.",
		Example: `  legato flow simulate abandoned-cart --person '{"email": "ada@example.com", "location": {"country": "United States"}}' \
    --event '{"metric": "Added to Cart", "value": 30}' --event '{"metric": "Placed Order", "at": "30m"}'
  legato flow simulate welcome --event '{"join": "Newsletter"}'
  legato flow simulate abandoned-cart --on-history 30d`,
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			ctx, stop := signal.NotifyContext(command.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			c, err := config.Load(os.Getenv, "LEGATO_DEFINITIONS")
			if err != nil {
				return err
			}
			o.url, o.definitions, o.settings = string(c.DatabaseURL), c.Definitions, settingsOf(c)
			return o.run(ctx, command.OutOrStdout(), args[0], time.Now().UTC())
		},
	}
	flags := command.Flags()
	flags.StringArrayVar(&o.events, "event", nil, `what happens: {"metric": …, "value": …, "properties": …, "at": "30m"}, {"join": LIST}, {"leave": LIST} or {"update": …}, or @file; repeatable`)
	flags.StringVar(&o.person, "person", "", `who it is: {"email": …, "location": …, "properties": …, "lists": […]}, or @file`)
	flags.StringVar(&o.history, "history", "", "a list of what happened before, with at: -3d or a time, or @file")
	flags.StringVar(&o.catalog, "catalog", "", "a list of items that the shop sells, or @file")
	flags.StringVar(&o.at, "at", "", "when it begins, ISO 8601 (default now)")
	flags.StringVar(&o.until, "until", "", "for how long, such as 30d (default until nothing more happens)")
	flags.StringVar(&o.window, "on-history", "", "run over the stored events of so long a time, such as 30d")
	flags.IntVar(&o.limit, "limit", 20, "with --on-history: how many messages are listed")
	flags.IntVar(&o.people, "people", 10_000, "with --on-history: most people looked at")
	flags.BoolVar(&o.asJSON, "json", false, "print JSON")
	return command
}

func (o *simulateOptions) run(ctx context.Context, out io.Writer, name string, now time.Time) (err error) {
	d, f, err := oneFlow(name, o.definitions)
	if err != nil {
		return err
	}
	switch {
	case o.window != "" && (len(o.events) > 0 || o.person != "" || o.history != "" || o.at != "" || o.until != "" || o.catalog != ""):
		return errors.New("--on-history takes people and events from the database: leave the other flags about them out")
	case o.window != "" && o.url == "":
		return errors.New("--on-history needs DATABASE_URL: the database whose events it looks at")
	case o.limit < 0 || o.people < 1 || o.people > 100_000:
		return errors.New("--limit must be 0 or more, and --people from 1 to 100000")
	}
	in, start, err := o.input(now)
	if err != nil {
		return err
	}
	scratch, done, err := scratchDatabase(ctx, o.url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	settings := simulate.Options{Definitions: d, Flow: f, Settings: o.settings}
	if o.window != "" {
		return o.overHistory(ctx, out, scratch, settings, now)
	}
	s, err := simulate.New(ctx, scratch, start, settings)
	if err != nil {
		return err
	}
	line, err := s.Trace(ctx, in)
	if err != nil {
		return err
	}
	if o.asJSON {
		return printJSON(out, line)
	}
	line.Print(out)
	return nil
}

// input reads the flags about the person.
func (o *simulateOptions) input(now time.Time) (in simulate.Input, start time.Time, err error) {
	var documents []*flow.Document
	read := func(flag, given string) (flow.Value, error) {
		d, err := document(flag, given)
		if err != nil {
			return flow.Value{}, err
		}
		documents = append(documents, d)
		return d.Root(), nil
	}
	start = now.Truncate(time.Second)
	for _, part := range []struct {
		flag, given string
		take        func(v flow.Value)
	}{
		{"at", o.at, func(v flow.Value) { start = v.Moment("at", start) }},
		{"until", o.until, func(v flow.Value) { in.Until = v.Moment("until", start) }},
		{"person", o.person, func(v flow.Value) { in.Person = simulate.ReadPerson(v, start) }},
		{"history", o.history, func(v flow.Value) {
			if in.Person == nil {
				in.Person = &simulate.Person{}
			}
			in.Person.History = append(in.Person.History, simulate.ReadHistory(v, start)...)
		}},
		{"catalog", o.catalog, func(v flow.Value) { in.Catalog = simulate.ReadCatalog(v) }},
	} {
		if part.given == "" {
			continue
		}
		v, err := read(part.flag, part.given)
		if err != nil {
			return in, start, err
		}
		part.take(v)
	}
	for _, event := range o.events {
		v, err := read("event", event)
		if err != nil {
			return in, start, err
		}
		h := simulate.ReadHappening(v, start)
		if h.At.Before(start) {
			v.Fail("what happened before belongs to --history", "this happens before the beginning")
		}
		in.Happens = append(in.Happens, h)
	}
	if in.Person == nil {
		in.Person = &simulate.Person{}
	}
	if len(in.Person.Attributes) == 0 {
		in.Person.Attributes = map[string]string{"email": "somebody@example.com"}
	}
	var problems flow.Problems
	for _, d := range documents {
		problems = append(problems, d.Problems()...)
	}
	return in, start, problems.Err()
}

func (o *simulateOptions) overHistory(ctx context.Context, out io.Writer, scratch *simulate.Scratch, settings simulate.Options, now time.Time) error {
	window, err := document("on-history", o.window)
	if err != nil {
		return err
	}
	length := window.Root().Duration("--on-history")
	if err := window.Problems().Err(); err != nil {
		return err
	}
	real, err := store.Open(ctx, o.url, 1)
	if err != nil {
		return err
	}
	account, err := real.Account(ctx)
	_ = real.Close()
	if err != nil {
		return err
	}
	settings.Account = *account
	w := simulate.Window{From: now.Add(-length), Till: now, People: o.people}
	s, err := simulate.New(ctx, scratch, w.From, settings)
	if err != nil {
		return err
	}
	report, err := s.OverHistory(ctx, w)
	if err != nil {
		return err
	}
	if o.asJSON {
		return printJSON(out, struct {
			*simulate.Report
			Messages []simulate.Message `json:"messages"`
		}{report, report.Messages[:min(o.limit, len(report.Messages))]})
	}
	report.Print(out, o.limit)
	return nil
}
