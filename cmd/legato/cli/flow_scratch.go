package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/legato-flow/legato/dev/postgres"
	"github.com/legato-flow/legato/flow"
	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/internal/config"
	"github.com/legato-flow/legato/simulate"
)

// scratchDatabase makes a scratch in the database at url. Without one it starts a Postgres for as long as the
// command runs, from the programs that are installed.
func scratchDatabase(ctx context.Context, url string) (*simulate.Scratch, func() error, error) {
	stop := func() error { return nil }
	if url == "" {
		// Directly in the folder for temporary files, which every user can enter: Postgres may run as another.
		dir, err := os.MkdirTemp("", "legato-simulate-postgres-")
		if err != nil {
			return nil, nil, fmt.Errorf("making a folder for Postgres: %w", err)
		}
		server, err := postgres.Start(ctx, postgres.Options{Dir: dir, Fast: true, Temporary: true})
		if err != nil {
			_ = os.RemoveAll(dir)
			return nil, nil, fmt.Errorf("starting a Postgres for the simulation (or set DATABASE_URL): %w", err)
		}
		url, stop = server.URL, server.Stop
	}
	s, err := simulate.OpenScratch(ctx, url)
	if err != nil {
		return nil, nil, errors.Join(err, stop())
	}
	return s, func() error { return errors.Join(s.Close(), stop()) }, nil
}

// settingsOf gives what a worker with this configuration would be set to.
func settingsOf(c config.Config) simulate.Settings {
	return simulate.Settings{
		Caps:  map[string]time.Duration{plan.ChannelEmail: c.CapEmail, plan.ChannelSMS: c.CapText, plan.ChannelPush: c.CapPush},
		Quiet: quietHours(c), Late: c.LateEvents,
	}
}

// oneFlow finds a flow by its id in a folder of definitions, or by its file.
func oneFlow(name, folder string) (*flow.Definitions, *flow.Flow, error) {
	only := ""
	if strings.HasSuffix(name, ".yaml") {
		root, file, err := place(name)
		if err != nil {
			return nil, nil, err
		}
		folder, only = root, file
	}
	d, problems := loadDefinitions(folder)
	var ids []string
	for _, f := range d.Flows {
		if f.ID == name || only != "" && f.File == only {
			return d, f, nil
		}
		ids = append(ids, f.ID)
	}
	if err := problems.Err(); err != nil {
		return nil, nil, fmt.Errorf("no flow %s without errors:\n%w", name, err)
	}
	return nil, nil, fmt.Errorf("%s has no flow %s; there are: %s", folder, name, strings.Join(ids, ", "))
}

// maxInput bounds what a flag may bring, in bytes.
const maxInput = 256 << 10

// document reads JSON or YAML that a flag gives: itself, or as @file.
func document(flag, given string) (*flow.Document, error) {
	name := "--" + flag
	if file, ok := strings.CutPrefix(given, "@"); ok {
		f, err := os.Open(file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		defer f.Close()
		data, err := io.ReadAll(io.LimitReader(f, maxInput+1))
		if err != nil {
			return nil, fmt.Errorf("%s: reading %s: %w", name, file, err)
		}
		name, given = file, string(data)
	}
	if strings.Contains(given, `\`) && json.Valid([]byte(given)) { // JSON's escapes are not all YAML's
		var value any
		decoder := json.NewDecoder(strings.NewReader(given))
		decoder.UseNumber()
		if err := decoder.Decode(&value); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		var plain strings.Builder
		encoder := json.NewEncoder(&plain)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(value); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		given = plain.String()
	}
	return flow.NewDocument(name, []byte(given)), nil
}

// printJSON writes a value, indented.
func printJSON(out io.Writer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}
