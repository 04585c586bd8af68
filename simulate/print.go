package simulate

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

const (
	localTime = "Mon 2006-01-02 15:04:05 MST"
)

// Print writes the timeline: when, counted from the beginning and by the person's clock, and what.
func (t *Timeline) Print(out io.Writer) {
	fmt.Fprintf(out, "%s from %s\n\n", t.Flow, t.Start.In(t.Zone).Format(localTime))
	w := tabwriter.NewWriter(out, 0, 1, 2, ' ', 0)
	for _, e := range t.Entries {
		mark := map[string]string{KindHappened: "→ ", KindEntered: "▸ ", KindRefused: "✗ ", KindMessage: "✉ ", KindLeft: "■ "}[e.Kind]
		if mark == "" {
			mark = "  "
		}
		fmt.Fprintf(w, "%s\t%s\t%s%s\n", Span(e.At.Sub(t.Start)), e.At.In(t.Zone).Format(localTime), mark, printable(e.Text))
		for _, c := range e.Clauses {
			fmt.Fprintf(w, "\t\t    %s\n", printable(c.String()))
		}
	}
	_ = w.Flush()
	if len(t.Entries) == 0 {
		fmt.Fprintln(out, "nothing happens")
	}
	fmt.Fprintf(out, "\n%s\n", t.Verdict())
}

// Verdict says how it came out.
func (t *Timeline) Verdict() string {
	switch {
	case t.Status == "none":
		return "the person does not enter"
	case t.Runs == 0:
		return "the person does not enter: " + t.Status
	case t.Runs == 1:
		return "the person enters once: " + t.Status
	default:
		return fmt.Sprintf("the person enters %d times, the last: %s", t.Runs, t.Status)
	}
}

// printable keeps what others wrote from moving the terminal's cursor.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}

// Print writes the totals, and the first messages.
func (r *Report) Print(out io.Writer, limit int) {
	fmt.Fprintf(out, "%s to %s: %d people, %d events\n", r.From.Format(time.DateTime), r.Till.Format(time.DateTime), r.People, r.Events)
	if r.More {
		fmt.Fprintln(out, "there are more people, who were not looked at: see --people")
	}
	fmt.Fprintf(out, "\nentered %d", r.Entered)
	for _, status := range slices.Sorted(maps.Keys(r.Statuses)) {
		fmt.Fprintf(out, ", %s %d", status, r.Statuses[status])
	}
	fmt.Fprintln(out)
	for _, reason := range slices.Sorted(maps.Keys(r.Refused)) {
		fmt.Fprintf(out, "refused %d: %s\n", r.Refused[reason], reason)
	}
	if len(r.Steps) > 0 {
		fmt.Fprintln(out)
		w := tabwriter.NewWriter(out, 0, 1, 2, ' ', 0)
		for _, s := range r.Steps {
			result := s.Result
			if s.Branch != "" {
				result = s.Branch
			}
			fmt.Fprintf(w, "%s\t%s\t%d\n", s.Step, full(result, s.Reason), s.Count)
		}
		_ = w.Flush()
	}
	fmt.Fprintf(out, "\n%d messages\n", len(r.Messages))
	w := tabwriter.NewWriter(out, 0, 1, 2, ' ', 0)
	for _, m := range r.Messages[:min(limit, len(r.Messages))] {
		fmt.Fprintf(w, "%s UTC\t%s\t%s\t%s\n", m.At.Format(time.DateTime), m.Step, printable(m.To), printable(m.Subject))
	}
	_ = w.Flush()
	if more := len(r.Messages) - limit; more > 0 {
		fmt.Fprintf(out, "… and %d more: see --limit\n", more)
	}
}
