// Command testsum reads what go test prints, as JSON (go test -json) or as text, shows what a reader needs, and
// closes with one line that counts: "N passed, N failed, N skipped". It exits 1 when anything failed or nothing ran.
//
//	go test -json ./... | go run ./dev/testsum
//
// Of tests that pass it shows only their package's line; lines that are not JSON pass through.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	s := newSummary(os.Stdout)
	if err := s.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "testsum:", err)
		os.Exit(1)
	}
	if !s.close() {
		os.Exit(1)
	}
}

// event is a line of go test -json; see go doc test2json.
type event struct {
	Action, Package, ImportPath, Test, Output string
	Elapsed                                   float64
}

// kept bounds what is remembered of one test's output: the end, where failures are explained.
const kept = 64 << 10

type summary struct {
	out                     io.Writer
	passed, failed, skipped int
	output                  map[string]string // of unfinished tests, and of packages under ""
	broken                  map[string]bool   // packages in which a test failed
	failures                []string
	text                    bool // a result was counted from lines of text: packages, as there are no tests to count
}

func newSummary(out io.Writer) *summary {
	return &summary{out: out, output: map[string]string{}, broken: map[string]bool{}}
}

func (s *summary) read(in io.Reader) error {
	lines := bufio.NewReaderSize(in, 1<<16)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			s.line(line)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (s *summary) line(line string) {
	var e event
	if !strings.HasPrefix(line, "{") || json.Unmarshal([]byte(line), &e) != nil || e.Action == "" {
		fmt.Fprint(s.out, line)
		s.plain(line)
		return
	}
	key := e.Package + "\x00" + e.Test
	switch e.Action {
	case "build-output":
		fmt.Fprint(s.out, e.Output)
	case "output":
		whole := s.output[key] + e.Output
		s.output[key] = whole[max(0, len(whole)-kept):]
	case "pass", "fail", "skip":
		s.result(e, s.output[key])
		delete(s.output, key)
	}
}

func (s *summary) result(e event, output string) {
	switch {
	case e.Test != "" && e.Action == "pass":
		s.passed++
	case e.Test != "" && e.Action == "skip":
		s.skipped++
	case e.Test != "":
		s.failed++
		s.broken[e.Package] = true
		s.failures = append(s.failures, e.Package+" "+e.Test)
		fmt.Fprint(s.out, output)
	case e.Action == "fail":
		if !s.broken[e.Package] { // it did not build, or it fell over outside any test
			s.failed++
			s.failures = append(s.failures, e.Package)
			for key, unfinished := range s.output {
				if name, ok := strings.CutPrefix(key, e.Package+"\x00"); ok && name != "" {
					fmt.Fprint(s.out, unfinished)
				}
			}
		}
		fmt.Fprint(s.out, output)
	default:
		// The package's own output ends in its line: "ok" or "?" with the path and the time.
		fmt.Fprint(s.out, lastLine(output))
	}
}

func lastLine(output string) string {
	trimmed := strings.TrimRight(output, "\n")
	if trimmed == "" {
		return ""
	}
	return trimmed[strings.LastIndexByte(trimmed, '\n')+1:] + "\n"
}

// plain counts a package's line of text output.
func (s *summary) plain(line string) {
	fields := strings.Fields(line)
	switch {
	case len(fields) >= 2 && strings.HasPrefix(line, "ok "):
		s.passed++
	case len(fields) >= 2 && strings.HasPrefix(line, "FAIL\t"):
		s.failed++
		s.failures = append(s.failures, fields[1])
	default:
		return
	}
	s.text = true
}

// close prints the count and reports whether all is well.
func (s *summary) close() bool {
	for _, f := range s.failures {
		fmt.Fprintln(s.out, "failed:", f)
	}
	if s.text {
		fmt.Fprintln(s.out, "(packages, not tests: go test ran without -json)")
	}
	if s.passed+s.failed == 0 {
		fmt.Fprintln(s.out, "no test ran")
	}
	fmt.Fprintf(s.out, "%d passed, %d failed, %d skipped\n", s.passed, s.failed, s.skipped)
	return s.failed == 0 && s.passed > 0
}
