package cli

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/legato-flow/legato/flow"
)

// lintReport is what flow lint --json prints.
type lintReport struct {
	Flows     int           `json:"flows"`
	Templates int           `json:"templates"`
	Feeds     int           `json:"feeds"`
	Errors    int           `json:"errors"`
	Warnings  int           `json:"warnings"`
	Problems  []lintProblem `json:"problems"`
}

type lintProblem struct {
	File     string `json:"file"`
	Line     int    `json:"line,omitempty"` // absent when it is about the file as a whole
	Column   int    `json:"column,omitempty"`
	Severity string `json:"severity"` // error | warning
	Message  string `json:"message"`
	Hint     string `json:"hint,omitempty"`
	Source   string `json:"source,omitempty"` // the line
}

// print prints what was found. The error is that there are errors.
func (l *linter) print(command *cobra.Command, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(command.OutOrStdout())
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(l.report()); err != nil {
			return fmt.Errorf("printing what lint found: %w", err)
		}
	} else {
		for _, p := range l.problems {
			fmt.Fprintln(command.ErrOrStderr(), p)
		}
	}
	if n := l.problems.Count(flow.IsError); n > 0 {
		return fmt.Errorf("%s: %s", l.read(), count(n, "problem"))
	}
	if asJSON {
		return nil
	}
	verdict := "no problems"
	if n := l.problems.Count(flow.IsWarning); n > 0 {
		verdict = count(n, "warning")
	}
	fmt.Fprintf(command.OutOrStdout(), "%s: %s\n", l.read(), verdict)
	return nil
}

func (l *linter) report() lintReport {
	total := l.totals()
	r := lintReport{
		Flows: total["flows"], Templates: total["templates"], Feeds: total["feeds"],
		Errors: l.problems.Count(flow.IsError), Warnings: l.problems.Count(flow.IsWarning), Problems: []lintProblem{},
	}
	for _, p := range l.problems {
		severity := "error"
		if p.Severity == flow.IsWarning {
			severity = "warning"
		}
		r.Problems = append(r.Problems, lintProblem{p.File, p.Line, p.Column, severity, p.Message, p.Hint, p.Source})
	}
	return r
}
