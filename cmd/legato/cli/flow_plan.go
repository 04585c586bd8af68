package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/legato-flow/legato/flow"
	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/internal/config"
	"github.com/legato-flow/legato/store"
)

// flowPlanCommand shows what an apply would change, and changes nothing.
func flowPlanCommand() *cobra.Command {
	var moves []string
	command := &cobra.Command{
		Use:   "plan [folder]",
		Short: "Show what an apply would change, and who is inside at which step",
		Long: "Compare the definitions of a folder, by default LEGATO_DEFINITIONS, with what runs. For every flow that\n" +
			"changes, say what is different and how many people wait at which step of which version, and where\n" +
			"legato flow apply --migrate would move them. Nothing is changed.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			return withStore(command, func(ctx context.Context, c config.Config, s *store.Store) error {
				d, by, err := toApply(c, args, moves)
				if err != nil {
					return err
				}
				changes, err := changesOf(ctx, s, d, by)
				if err != nil {
					return err
				}
				return changes.print(command.OutOrStdout())
			})
		},
	}
	command.Flags().StringArrayVar(&moves, "map", nil, "flow/step=step: where --migrate would move people from a step that is gone")
	return command
}

// toApply reads a folder of definitions and the moves that --map gives.
func toApply(c config.Config, args, moves []string) (*flow.Definitions, map[string]map[string]string, error) {
	folder := c.Definitions
	if len(args) == 1 {
		folder = args[0]
	}
	d, err := checkedFolder(folder)
	if err != nil {
		return nil, nil, err
	}
	by := map[string]map[string]string{}
	for _, move := range moves {
		from, to, ok := strings.Cut(move, "=")
		flowID, step, both := strings.Cut(from, "/")
		if !ok || !both || flowID == "" || step == "" || to == "" {
			return nil, nil, fmt.Errorf("--map %q: expected flow/step=step", move)
		}
		if !slices.ContainsFunc(d.Flows, func(f *flow.Flow) bool { return f.ID == flowID }) {
			return nil, nil, fmt.Errorf("--map %q: there is no flow %s in the folder", move, flowID)
		}
		if by[flowID] == nil {
			by[flowID] = map[string]string{}
		}
		by[flowID][step] = to
	}
	return d, by, nil
}

// change is what an apply does to one flow.
type change struct {
	flow    *flow.Flow
	now     *store.Flow // nil for a new one
	lines   []string
	inside  []store.Inside
	places  map[string]map[string]string // by the hash of a version that people are on
	unknown []string
}

type changes struct {
	flows     []change
	templates []string
}

// changesOf compares definitions with what is stored.
func changesOf(ctx context.Context, s *store.Store, d *flow.Definitions, by map[string]map[string]string) (*changes, error) {
	all := &changes{}
	for _, f := range d.Flows {
		c := change{flow: f, places: map[string]map[string]string{}}
		var err error
		if c.now, err = s.Flow(ctx, f.ID); err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
		if c.now != nil {
			old, err := s.Plan(ctx, c.now.Hash)
			if err != nil {
				return nil, err
			}
			c.lines = plan.Diff(old, f.Plan)
			if c.now.Status != f.Status {
				c.lines = append([]string{fmt.Sprintf("~ status: %s → %s", c.now.Status, f.Status)}, c.lines...)
			}
			if c.now.Archived {
				c.lines = append([]string{"~ no longer archived"}, c.lines...)
			}
			if err := c.look(ctx, s, by[f.ID]); err != nil {
				return nil, err
			}
		}
		all.flows = append(all.flows, c)
	}
	sources, err := s.Templates(ctx, slices.Sorted(maps.Keys(d.Templates)))
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(d.Templates)) {
		switch source, ok := sources[name]; {
		case !ok:
			all.templates = append(all.templates, "+ template "+name)
		case source != string(d.Templates[name].Source):
			all.templates = append(all.templates, "~ template "+name+": everyone gets it from now on, also people inside")
		}
	}
	return all, nil
}

// look finds who is inside on which version, and where they would go.
func (c *change) look(ctx context.Context, s *store.Store, by map[string]string) error {
	var err error
	if c.inside, err = s.PeopleInside(ctx, c.flow.ID); err != nil {
		return err
	}
	target := c.flow.Plan.Hash()
	for _, in := range c.inside {
		if in.Hash == target || c.places[in.Hash] != nil {
			continue
		}
		old, err := s.Plan(ctx, in.Hash)
		if err != nil {
			return err
		}
		var unknown []string
		c.places[in.Hash], unknown = plan.Places(old, c.flow.Plan, by)
		c.unknown = append(c.unknown, unknown...)
	}
	return nil
}

func (c *changes) print(w io.Writer) error {
	var b strings.Builder
	changed := 0
	for _, f := range c.flows {
		target := f.flow.Plan.Hash()
		switch {
		case f.now == nil:
			changed++
			fmt.Fprintf(&b, "+ flow %s (%s), version %.8s\n", f.flow.ID, f.flow.Status, target)
			continue
		case len(f.lines) == 0 && len(f.places) == 0:
			continue
		case len(f.lines) == 0:
			fmt.Fprintf(&b, "  flow %s stays at version %.8s\n", f.flow.ID, target)
		default:
			changed++
			fmt.Fprintf(&b, "~ flow %s, version %.8s → %.8s\n", f.flow.ID, f.now.Hash, target)
		}
		for _, line := range f.lines {
			fmt.Fprintf(&b, "    %s\n", line)
		}
		for _, in := range f.inside {
			f.inhabited(&b, in, target)
		}
	}
	for _, line := range c.templates {
		changed++
		fmt.Fprintln(&b, line)
	}
	if changed == 0 {
		fmt.Fprintln(&b, "nothing to change")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// inhabited says who waits at a step, and where they would go on.
func (c *change) inhabited(b *strings.Builder, in store.Inside, target string) {
	step := in.Step
	if step == "" {
		step = "the entry"
	}
	fmt.Fprintf(b, "    %d inside at %s of version %.8s", in.People, step, in.Hash)
	if in.Hash == target {
		b.WriteString(", which is this one\n")
		return
	}
	to, ok := c.places[in.Hash][in.Step]
	switch {
	case !ok:
		fmt.Fprintf(b, "; they stay on it: the new version has no step %s (--map %s/%s=step gives them a place)\n", in.Step, c.flow.ID, in.Step)
	case to == in.Step:
		b.WriteString("; --migrate keeps their place\n")
	default:
		fmt.Fprintf(b, "; --migrate moves them to %s\n", to)
	}
}
