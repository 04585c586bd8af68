// Command bench measures Legato side by side with the work it cannot do without, in one run on one machine, and
// prints ratios: bare times say more about the machine than about the program.
//
//	go run ./bench                every row
//	go run ./bench -lone 100      fewer lone runs
//	go run ./bench -only dates    one part
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"text/tabwriter"
	"time"

	"github.com/legato-flow/legato/dev"
	"github.com/legato-flow/legato/dev/console"
	"github.com/legato-flow/legato/dev/postgres"
	"github.com/legato-flow/legato/dev/temporalserver"
)

// row is one comparison.
type row struct {
	work, against string
	ours, theirs  string
	ratio         string
}

func main() {
	var o options
	flag.IntVar(&o.lone, "lone", 500, "lone runs")
	flag.IntVar(&o.together, "together", 5000, "entries that come together")
	flag.IntVar(&o.dates, "dates", 1_000_000, "people with a date")
	flag.DurationVar(&o.posting, "posting", 10*time.Second, "how long to post events")
	flag.StringVar(&o.only, "only", "", "one part: posts, latency, lone, together or dates")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := bench(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type options struct {
	lone, together int
	dates          int
	only           string
	posting        time.Duration
}

func bench(ctx context.Context, o options) (err error) {
	dir, err := os.MkdirTemp("", "legato-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	db, err := postgres.Start(ctx, postgres.Options{Dir: dir + "/postgres", Temporary: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Stop()) }()
	root, err := dev.Root()
	if err != nil {
		return err
	}
	screen := console.New(os.Stderr)
	progress := func(state string) { screen.Progress("temporal", state) }
	builder := temporalserver.Builder{Root: root, Caches: temporalserver.Caches(root), Progress: progress}
	binary, err := builder.Binary(ctx)
	if err != nil {
		return err
	}
	server, err := temporalserver.Start(ctx, temporalserver.Options{Binary: binary, Dir: dir + "/temporal", UIPort: -1})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()

	s, err := newStage(ctx, db.URL, server.Address)
	if err != nil {
		return err
	}
	defer s.close()
	var rows []row
	for _, part := range []struct {
		name    string
		measure func(context.Context, *stage, options) ([]row, error)
	}{{"posts", posts}, {"latency", latency}, {"lone", loneRuns}, {"together", together}, {"dates", dates}} {
		if o.only != "" && o.only != part.name {
			continue
		}
		screen.Progress("bench", part.name)
		more, err := part.measure(ctx, s, o)
		if err != nil {
			return err
		}
		rows = append(rows, more...)
	}
	fmt.Printf("%d CPUs, %s, Postgres %d (fsync on), Temporal on SQLite (WAL), all on this machine\n\n", runtime.NumCPU(), runtime.Version(), db.Version)
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "WORK\tAGAINST\tOURS\tTHEIRS\tRATIO")
	for _, r := range rows {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", r.work, r.against, r.ours, r.theirs, r.ratio)
	}
	return table.Flush()
}

// rate prints how many a second.
func rate(n int, took time.Duration) (float64, string) {
	perSecond := float64(n) / took.Seconds()
	return perSecond, fmt.Sprintf("%.0f/s", perSecond)
}
