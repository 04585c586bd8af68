package config

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Print writes the table with the values that getenv gives and where each comes from. Secrets print as ***. A
// value that is not as it must be is marked; Load says why.
func Print(w io.Writer, getenv func(string) string) error {
	var c Config
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tVALUE\tFROM\tTYPE\tMEANING")
	for _, o := range table(&c) {
		row(t, o, o.Type(), getenv(o.Name), o.standard(c.Mode), c.Mode)
		if chosen := getenv(o.Name); chosen == "" {
			o.value.read(o.standard(c.Mode)) // sets c.Mode for the rows after the first
		} else {
			o.value.read(chosen)
		}
	}
	fmt.Fprintln(t, "\t\t\t\t")
	fmt.Fprintln(t, "read by the Temporal SDK:\t\t\t\t")
	for _, o := range TemporalVariables() {
		row(t, o, "", getenv(o.Name), o.Default, c.Mode)
	}
	return t.Flush()
}

func row(w io.Writer, o Option, kind, given, standard string, mode Mode) {
	shown, from := given, "set"
	switch {
	case given != "" && o.value != nil && !o.value.read(given):
		from = "set, not valid"
	case given == "" && standard != "":
		shown, from = standard, "default"
	case given == "" && o.Required && mode != Development:
		shown, from = "-", "missing"
	case given == "":
		shown, from = "-", "not set"
	}
	if o.Secret && shown != "-" {
		shown = hidden
	}
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", o.Name, cell(shown), from, kind, o.Help)
}

// cell keeps a hostile value from breaking the table or the terminal.
func cell(s string) string {
	q := quote(s)
	if q == `"`+s+`"` && s != "" {
		return s
	}
	return q
}

// Markdown writes the table as the reference page shows it: without any current value.
func Markdown(w io.Writer) error {
	var b strings.Builder
	b.WriteString(`# Configuration

Generated from internal/config/options.go by ` + "`go test ./internal/config -update`" + `. All configuration is environment variables.
A value that is not as expected, or a variable that starts with LEGATO_ and is not listed here, stops the start with a
message that names it. ` + "`legato config`" + ` prints this table with the values in force, secrets as ***.

| variable | expected | default | in development | meaning |
| --- | --- | --- | --- | --- |
`)
	for _, o := range Options() {
		standard := code(o.Default)
		if o.Required {
			standard = "required"
		}
		help := o.Help
		if o.Secret {
			help += " Secret."
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", o.Name, o.Expected(), standard, code(o.Dev), help)
	}
	b.WriteString(`
Temporal's SDK reads these itself:

| variable | default | meaning |
| --- | --- | --- |
`)
	for _, o := range TemporalVariables() {
		help := o.Help
		if o.Secret {
			help += " Secret."
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", o.Name, code(o.Default), help)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}
