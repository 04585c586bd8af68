// Command bench measures Legato side by side with the work it cannot do without, in one run on one machine, and
// prints ratios: bare times say more about the machine than about the program.
//
//	go run ./bench                      every row
//	go run ./bench -lone 100            fewer lone runs
//	go run ./bench -only dates          one part
//	go run ./bench -temporal postgres   Temporal keeps its data in Postgres, as in production
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/legato-flow/legato/dev/console"
)

// row is one comparison.
type row struct {
	work, against string
	ours, theirs  string
	ratio         string
	goal          string // of the ratio; "" is none
}

// part is a group of rows that are measured together.
type part struct {
	name    string
	kind    string // where Temporal has to keep its data; "" is where the user says
	measure func(context.Context, *stage, options) ([]row, error)
}

var parts = []part{
	{"posts", nowhere, posts},
	{"pace", nowhere, pace},
	{"steady", nowhere, steady},
	{"stored", nowhere, stored},
	{"bulk", nowhere, bulk},
	{"latency", "", latency},
	{"lone", "", loneRuns},
	{"together", "", together},
	{"cost", onPostgres, cost},
	{"open", "", openRuns},
	{"dates", "", dates},
}

type options struct {
	lone, together int
	rounds         int
	open, wake     int
	dates          int
	posting        time.Duration
	steady         time.Duration
	rate           float64
	rows           int
	bulk           int
	only           string
	temporal       string
	profile        string
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == sinkArgument {
		if err := serveSink(); err != nil {
			fmt.Fprintln(os.Stderr, "bench: mail server:", err)
			os.Exit(1)
		}
		return
	}
	if len(os.Args) == 2 && os.Args[1] == loadArgument {
		if err := serveLoad(); err != nil {
			fmt.Fprintln(os.Stderr, "bench: client:", err)
			os.Exit(1)
		}
		return
	}
	var o options
	var names []string
	for _, p := range parts {
		names = append(names, p.name)
	}
	flag.IntVar(&o.lone, "lone", 500, "lone runs")
	flag.IntVar(&o.together, "together", 20_000, "entries that come together")
	flag.IntVar(&o.rounds, "rounds", 3, "how often both sides of lone and together are measured, by turns; the ratio is the median")
	flag.IntVar(&o.open, "open", 200_000, "open runs that wait")
	flag.IntVar(&o.wake, "wake", 20_000, "how many of them wake at once, first by their clocks and then because somebody moves them on")
	flag.IntVar(&o.dates, "dates", 1_000_000, "people with a date")
	flag.DurationVar(&o.posting, "posting", 10*time.Second, "how long to post events")
	flag.IntVar(&o.bulk, "bulk", 50_000, "events in each round of bulk ingestion")
	minutes := flag.Float64("minutes", 1, "how long to post events while memory is measured")
	flag.Float64Var(&o.rate, "rate", 0, "events a second while memory is measured; 0: as many as are answered")
	flag.IntVar(&o.rows, "rows", 10_000_000, "events that are stored while ingestion and profiles are measured")
	flag.StringVar(&o.only, "only", "", "parts, with commas between: "+strings.Join(names, ", "))
	flag.StringVar(&o.temporal, "temporal", onSQLite, "where Temporal keeps its data: sqlite or postgres; cost always measures postgres")
	flag.StringVar(&o.profile, "profile", "", "`file` for a CPU profile of our side, with -only posts, bulk or together")
	flag.Parse()
	o.steady = time.Duration(*minutes * float64(time.Minute))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := o.check(names)
	if err == nil {
		err = bench(ctx, o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (o *options) check(names []string) error {
	if o.lone < 1 || o.together < 1 || o.rounds < 1 || o.wake < 1 || o.dates < 1 || o.bulk < 1 {
		return errors.New("-lone, -together, -rounds, -wake, -dates and -bulk are at least 1")
	}
	if o.posting < time.Second || o.steady < 10*time.Second || o.rows < storedMonths {
		return fmt.Errorf("-posting is at least a second, -minutes at least a sixth, -rows at least %d", storedMonths)
	}
	if o.open < 2*o.wake {
		return fmt.Errorf("-open is %d and -wake %d: want twice as many open as wake", o.open, o.wake)
	}
	if o.temporal != onSQLite && o.temporal != onPostgres {
		return fmt.Errorf("-temporal is %q: want sqlite or postgres", o.temporal)
	}
	if o.profile != "" && o.only != "posts" && o.only != "bulk" && o.only != "together" {
		return errors.New("-profile is of one part: want -only posts, bulk or together with it")
	}
	for name := range strings.SplitSeq(o.only, ",") {
		if name != "" && !strings.Contains(" "+strings.Join(names, " ")+" ", " "+name+" ") {
			return fmt.Errorf("-only: there is no part %q: want one of %s", name, strings.Join(names, ", "))
		}
	}
	return nil
}

func (o *options) wants(name string) bool {
	return o.only == "" || strings.Contains(","+o.only+",", ","+name+",")
}

func bench(ctx context.Context, o options) (err error) {
	dir, err := os.MkdirTemp("", "legato-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	screen := console.New(os.Stderr)
	screen.Progress("bench", "starting the servers")
	under, err := startServers(ctx, dir, screen)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, under.stop()) }()
	s, err := newStage(ctx, under)
	if err != nil {
		return err
	}
	defer s.close()
	s.progress = func(state string) { screen.Progress("bench", state) }

	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Printf("%d CPUs, %s, Postgres %d (fsync on), Temporal on %s, all on this machine\n\n", runtime.NumCPU(), runtime.Version(), under.postgres.Version, o.temporal)
	fmt.Fprintln(table, "WORK\tAGAINST\tOURS\tTHEIRS\tRATIO\tGOAL")
	for _, p := range parts {
		if !o.wants(p.name) {
			continue
		}
		s.progress(p.name)
		kind := p.kind
		if kind == "" {
			kind = o.temporal
		}
		if err := s.connect(ctx, kind); err != nil {
			return err
		}
		rows, err := p.measure(ctx, s, o)
		if err != nil {
			return errors.Join(fmt.Errorf("%s: %w", p.name, err), table.Flush()) // what was measured before counts
		}
		for _, r := range rows {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", r.work, r.against, r.ours, r.theirs, r.ratio, r.goal)
		}
	}
	return table.Flush()
}
