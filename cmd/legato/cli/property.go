package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/legato-flow/legato/internal/config"
	"github.com/legato-flow/legato/store"
)

func propertyCommand() *cobra.Command {
	command := &cobra.Command{Use: "property", Short: "Show what the properties of events and profiles are"}
	command.AddCommand(propertyListCommand())
	return command
}

func propertyListCommand() *cobra.Command {
	var metric string
	command := &cobra.Command{
		Use:   "list",
		Short: "Show the properties of events and profiles with the types of their values",
		Long: "Show the properties of profiles and of the events of each metric: the type of most values, how many there were,\n" +
			"when the last one came, and the other types that the property has had. Counts are a few seconds behind.",
		Example: "  legato property list --metric 'Placed Order'",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return withStore(command, func(ctx context.Context, _ config.Config, s *store.Store) error {
				all, err := s.PropertyTypes(ctx, metric)
				if err != nil {
					return err
				}
				if metric != "" && len(all) == 0 {
					return fmt.Errorf("no event of the metric %q has been recorded with a property", metric)
				}
				return printProperties(command.OutOrStdout(), all)
			})
		},
	}
	command.Flags().StringVar(&metric, "metric", "", "only the properties of events of this metric")
	return command
}

func printProperties(w io.Writer, all []store.PropertyType) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "OF\tPROPERTY\tTYPE\tVALUES\tLAST SEEN\tALSO")
	for i := range all {
		p := &all[i]
		of := printable(p.Metric)
		if p.MetricID == "" {
			of = "profiles"
		}
		first := p.Kinds[0]
		fmt.Fprintf(out, "%s\t%s\t%s\t%d\t%s\t%s\n", of, printable(p.Name), first.Kind, first.Count, keyTime(&first.LastSeen), otherKinds(p.Kinds[1:]))
	}
	return out.Flush()
}

// otherKinds says when a property was of which other type.
func otherKinds(kinds []store.PropertyKind) string {
	if len(kinds) == 0 {
		return "-"
	}
	all := make([]string, len(kinds))
	for i, k := range kinds {
		all[i] = fmt.Sprintf("%s (%d, %s to %s)", k.Kind, k.Count, keyTime(&k.FirstSeen), keyTime(&k.LastSeen))
	}
	return strings.Join(all, ", ")
}

// printable keeps what a sender chose from moving the cursor or breaking the table.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}
