package simulate

import (
	"fmt"
	"io"
	"time"
)

// Print writes the explanation for people.
func (e *Explanation) Print(out io.Writer) {
	at := func(t time.Time) string { return t.In(e.Zone).Format(localTime) }
	clauses := func(indent string, all []Clause) {
		for _, c := range all {
			fmt.Fprintf(out, "%s%s\n", indent, printable(c.String()))
		}
	}
	state := e.Status
	if e.Archived {
		state += ", archived"
	}
	fmt.Fprintf(out, "flow %s (%s) and %s (profile %s), %s\n", e.Flow, state, printable(e.Person), e.Profile, at(e.Now))
	if e.Status != "live" || e.Archived {
		fmt.Fprintln(out, "nobody enters: the flow is not live")
	}
	fmt.Fprintln(out, "\ntriggers")
	for _, t := range e.Triggers {
		fmt.Fprintf(out, "  %s %s: %s\n", t.Kind, printable(t.Key), printable(t.State))
		for _, event := range t.Events {
			fmt.Fprintf(out, "    %s  %s\n", at(event.Time), event.Became)
			clauses("      ", event.Filter)
		}
	}
	if len(e.Did) > 0 {
		fmt.Fprintln(out, "  what has been seen instead:")
		for _, m := range e.Did {
			fmt.Fprintf(out, "    %s, %d times, the last %s\n", printable(m.Name), m.Count, at(m.LastAt))
		}
	}
	if len(e.Filter) > 0 {
		fmt.Fprintln(out, "\nprofile filter, as if they came to the door now")
		clauses("  ", e.Filter)
	}
	if len(e.Refusals) > 0 {
		fmt.Fprintln(out, "\nwas not let in")
		for _, r := range e.Refusals {
			fmt.Fprintf(out, "  %s  %s, by %s\n", at(r.At), r.Reason, printable(r.By))
			clauses("    ", r.Clauses)
		}
	}
	for _, r := range e.Runs {
		version := "the current version"
		if !r.Current {
			version = "version " + r.Version
		}
		fmt.Fprintf(out, "\nrun %s: entered %s by %s, on %s: %s\n", r.ID, at(r.Entered), printable(r.By), version, printable(r.Status))
		for _, s := range r.Steps {
			fmt.Fprintf(out, "  %s  %s: %s\n", at(s.At), s.Step, printable(s.Text))
			if len(s.Detail) > 0 {
				fmt.Fprintf(out, "      %s\n", printable(string(s.Detail)))
			}
		}
		if r.Next != "" {
			fmt.Fprintf(out, "  next is %s", r.Next)
			if r.Due != nil {
				fmt.Fprintf(out, ", due %s", at(*r.Due))
			}
			fmt.Fprintln(out)
		}
		for _, c := range r.Checks {
			fmt.Fprintf(out, "    would check %s", printable(c.What))
			if c.Text != "" {
				fmt.Fprintf(out, ": %s", c.Text)
			}
			fmt.Fprintln(out)
			clauses("      ", c.Clauses)
		}
	}
	if len(e.Runs) == 0 {
		fmt.Fprintln(out, "\nhas never entered")
	}
}
