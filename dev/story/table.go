package story

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Print writes the lines as a table, and returns how many came out wrong.
func Print(out io.Writer, lines []Line) int {
	wrong := 0
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\tWHO\tWHAT HAPPENED\tWHAT THEY GOT\tWHY NOT (MORE)")
	for _, line := range lines {
		mark, why := "✓", line.Why
		if line.Wrong != "" {
			wrong++
			mark, why = "✗", strings.TrimPrefix(why+"; WRONG: "+line.Wrong, "; ")
		}
		got := line.Got
		if got == "" {
			got = "nothing"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", mark, line.Who, line.Happened, got, why)
	}
	_ = table.Flush()
	return wrong
}
