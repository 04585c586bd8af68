package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/legato-flow/legato/dev"
	"github.com/legato-flow/legato/dev/console"
	"github.com/legato-flow/legato/dev/postgres"
	"github.com/legato-flow/legato/dev/temporalserver"
)

// Where Temporal keeps its data.
const (
	onSQLite   = "sqlite"
	onPostgres = "postgres"
	nowhere    = "none" // there is no Temporal
)

// servers are what Legato stands on, started for the measurement.
type servers struct {
	dir      string
	builder  temporalserver.Builder
	postgres *postgres.Server
	temporal *temporalserver.Server
	kind     string // where it keeps its data
}

func startServers(ctx context.Context, dir string, screen *console.Console) (*servers, error) {
	s := &servers{dir: dir}
	root, err := dev.Root()
	if err != nil {
		return nil, err
	}
	s.builder = temporalserver.Builder{
		Root: root, Caches: temporalserver.Caches(root), Progress: func(state string) { screen.Progress("temporal", state) },
	}
	s.postgres, err = postgres.Start(ctx, postgres.Options{Dir: filepath.Join(dir, "postgres"), Temporary: true})
	return s, err
}

// startTemporal starts a Temporal that keeps its data there, in place of one that keeps them elsewhere.
func (s *servers) startTemporal(ctx context.Context, kind string) error {
	if s.temporal != nil {
		if err := s.temporal.Stop(); err != nil {
			return err
		}
		s.temporal = nil
	}
	if kind == nowhere {
		s.kind = kind
		return nil
	}
	binary, err := s.builder.Binary(ctx)
	if err != nil {
		return err
	}
	o := temporalserver.Options{Binary: binary, Dir: filepath.Join(s.dir, "temporal"), UIPort: -1}
	if kind == onPostgres {
		o.Postgres = s.postgres.URL
	}
	if s.temporal, err = temporalserver.Start(ctx, o); err != nil {
		return fmt.Errorf("starting Temporal on %s: %w", kind, err)
	}
	s.kind = kind
	return nil
}

func (s *servers) stop() error {
	var err error
	if s.temporal != nil {
		err = s.temporal.Stop()
	}
	return errors.Join(err, s.postgres.Stop())
}

// file gives the size of the file in which Temporal keeps its data.
func (s *servers) file() (int64, error) {
	var size int64
	for _, suffix := range []string{"", "-wal"} {
		info, err := os.Stat(filepath.Join(s.dir, "temporal", "temporal.db"+suffix))
		if suffix != "" && os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return 0, err
		}
		size += info.Size()
	}
	return size, nil
}
