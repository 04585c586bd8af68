package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/legato-flow/legato/flow"
	"github.com/legato-flow/legato/flow/graph"
	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/internal/config"
	"github.com/legato-flow/legato/store"
)

// flowGraphCommand draws a flow.
func flowGraphCommand() *cobra.Command {
	var format, output string
	var counts bool
	command := &cobra.Command{
		Use:   "graph FLOW",
		Short: "Draw a flow, as Mermaid or SVG",
		Long: "Draw a flow of the definitions. FLOW is an id, or a file.\n" +
			"With --counts, which reads DATABASE_URL, each step shows how many people wait for it to be due.",
		Example: "  legato flow graph welcome\n  legato flow graph welcome -o welcome.svg --counts",
		Args:    cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			if format == "" {
				format = "mermaid"
				if strings.HasSuffix(output, ".svg") {
					format = "svg"
				}
			}
			if format != "mermaid" && format != "svg" {
				return fmt.Errorf("--format must be mermaid or svg, not %q", format)
			}
			f, err := flowToDraw(args[0])
			if err != nil {
				return err
			}
			options := graph.Options{Status: f.Status}
			if counts {
				elsewhere := 0
				if options.Waiting, elsewhere, err = peopleAt(command, f.Plan); err != nil {
					return err
				}
				if elsewhere > 0 {
					fmt.Fprintf(command.ErrOrStderr(), "not drawn: %s at steps of other versions\n", count(elsewhere, "run"))
				}
			}
			drawn := []byte(graph.Mermaid(f.Plan, options))
			if format == "svg" {
				drawn = graph.SVG(f.Plan, options)
			}
			if output == "" {
				_, err = command.OutOrStdout().Write(drawn)
				return err
			}
			if err := os.WriteFile(output, drawn, 0o644); err != nil {
				return fmt.Errorf("writing the drawing: %w", err)
			}
			return nil
		},
	}
	command.Flags().StringVar(&format, "format", "", "mermaid or svg (default mermaid, and svg with -o FILE.svg)")
	command.Flags().StringVarP(&output, "output", "o", "", "the file to write (default standard output)")
	command.Flags().BoolVar(&counts, "counts", false, "show how many people wait at each step")
	return command
}

// flowToDraw reads a file alone, since a drawing needs none of what it refers to, or finds a flow by its id.
func flowToDraw(name string) (*flow.Flow, error) {
	if !strings.HasSuffix(name, ".yaml") {
		c, err := config.Load(os.Getenv, "LEGATO_DEFINITIONS")
		if err != nil {
			return nil, err
		}
		_, f, err := oneFlow(name, c.Definitions)
		return f, err
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("looking for the flow: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > 1<<20 {
		return nil, fmt.Errorf("%s is no flow: a file of at most 1 MB is expected", name)
	}
	source, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("reading the flow: %w", err)
	}
	f, problems := flow.Parse(filepath.ToSlash(name), source)
	return f, problems.Err()
}

// peopleAt counts the people inside a flow by the step for which they wait, in all versions, and those at steps
// that the plan does not have.
func peopleAt(command *cobra.Command, p *plan.Plan) (at map[string]int, elsewhere int, err error) {
	at = map[string]int{}
	err = withStore(command, func(ctx context.Context, _ config.Config, s *store.Store) error {
		inside, err := s.PeopleInside(ctx, p.Flow)
		if err != nil {
			return err
		}
		for _, here := range inside {
			step := here.Step
			if step == "" { // before the first
				step = p.Entry
			}
			if p.Step(step) == nil {
				elsewhere += here.People
				continue
			}
			at[step] += here.People
		}
		return nil
	})
	return at, elsewhere, err
}
