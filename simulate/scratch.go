package simulate

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/legato-flow/legato/migrations"
	"github.com/legato-flow/legato/store"
	"github.com/lib/pq"
	"github.com/oklog/ulid/v2"
)

// Scratch is a schema of its own in a database, with all of Legato's tables. Nothing that a Store of it writes can
// reach another schema: they are not on its search path. It is for one simulation at a time.
type Scratch struct {
	Store *store.Store

	schema string   // the scratch's
	real   string   // the one that the URL leads to, where people and history are copied from
	tables []string // in an order in which they can be emptied
}

// prefix begins the names of scratch schemas; a ULID follows.
const prefix = "legato_sim_"

// abandoned is when a scratch counts as left behind by a process that was killed.
const abandoned = 24 * time.Hour

// OpenScratch makes a scratch in the database at url. Its user needs the right to create schemas there. Close
// drops it.
func OpenScratch(ctx context.Context, url string) (*Scratch, error) {
	s := &Scratch{schema: prefix + strings.ToLower(ulid.Make().String())}
	admin, err := store.Open(ctx, url, 1)
	if err != nil {
		return nil, err
	}
	defer admin.Close()
	if err := admin.DB.GetContext(ctx, &s.real, "select coalesce(current_schema(), 'public')"); err != nil {
		return nil, fmt.Errorf("finding the schema of the database: %w", err)
	}
	if err := sweep(ctx, admin); err != nil {
		return nil, err
	}
	// Legato's statements and defaults say now() where they mean the machine's clock. Here it is the simulation's,
	// as this schema is searched before Postgres's own.
	_, err = admin.DB.ExecContext(ctx, strings.ReplaceAll(`
		create schema $;
		create table $.virtual_clock (at timestamptz);
		insert into $.virtual_clock values (null);
		create function $.now() returns timestamptz language sql stable as
			'select coalesce((select at from $.virtual_clock), pg_catalog.now())';
		create function $.clock_timestamp() returns timestamptz language sql volatile as
			'select coalesce((select at from $.virtual_clock), pg_catalog.clock_timestamp())';`, "$", s.schema))
	if err != nil {
		return nil, fmt.Errorf("making a scratch schema for the simulation: %w", err)
	}
	if err := s.fill(ctx, url); err != nil {
		_ = s.drop(ctx, admin)
		return nil, err
	}
	return s, nil
}

// fill opens the store and makes its tables.
func (s *Scratch) fill(ctx context.Context, address string) error {
	inside, err := within(address, s.schema)
	if err != nil {
		return err
	}
	if s.Store, err = store.Open(ctx, inside, 8); err != nil {
		return err
	}
	s.Store.IgnorePropertyTypes()
	if _, err := migrations.Run(ctx, s.Store.DB.DB); err != nil {
		_ = s.Store.Close()
		return fmt.Errorf("making the tables of a simulation: %w", err)
	}
	if s.tables, err = s.order(ctx); err != nil {
		_ = s.Store.Close()
		return fmt.Errorf("listing the tables of a simulation: %w", err)
	}
	return nil
}

// order lists the tables, each before those that it refers to, as they can be emptied.
func (s *Scratch) order(ctx context.Context) ([]string, error) {
	var rows []struct {
		Name  string         `db:"name"`
		Needs pq.StringArray `db:"needs"` // tables that refer to it
	}
	err := s.Store.DB.SelectContext(ctx, &rows, `
		select c.relname as name, array(
			select distinct r.relname::text from pg_constraint f join pg_class r on r.oid = f.conrelid
			where f.confrelid = c.oid and f.contype = 'f' and r.oid <> c.oid and not r.relispartition) as needs
		from pg_class c join pg_namespace n on n.oid = c.relnamespace
		where n.nspname = $1 and c.relkind in ('r', 'p') and not c.relispartition
			and c.relname not in ('virtual_clock', 'goose_db_version')
		order by 1`, s.schema)
	if err != nil {
		return nil, err
	}
	var tables []string
	for len(tables) < len(rows) {
		before := len(tables)
		for _, row := range rows {
			ready := !slices.Contains(tables, row.Name)
			for _, need := range row.Needs {
				ready = ready && slices.Contains(tables, need)
			}
			if ready {
				tables = append(tables, row.Name)
			}
		}
		if len(tables) == before {
			return nil, errors.New("tables refer to each other in a circle")
		}
	}
	return tables, nil
}

// within is the URL with the schema as the only one that is searched before Postgres's own.
func within(address, schema string) (string, error) {
	path := schema + ",pg_catalog"
	if !strings.Contains(address, "://") {
		return address + " search_path=" + path, nil
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", fmt.Errorf("database URL: %w", err)
	}
	q := u.Query()
	q.Set("search_path", path)
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// sweep drops scratches whose process is long gone.
func sweep(ctx context.Context, admin *store.Store) error {
	var schemas []string
	if err := admin.DB.SelectContext(ctx, &schemas, "select nspname from pg_namespace where starts_with(nspname, $1)", prefix); err != nil {
		return fmt.Errorf("looking for earlier simulations: %w", err)
	}
	for _, schema := range schemas {
		made, err := ulid.ParseStrict(strings.ToUpper(strings.TrimPrefix(schema, prefix)))
		if err != nil || time.Since(ulid.Time(made.Time())) < abandoned {
			continue
		}
		_, _ = admin.DB.ExecContext(ctx, "drop schema if exists "+pq.QuoteIdentifier(schema)+" cascade") // another's, if we may not
	}
	return nil
}

// Reset empties the scratch for the next simulation. Its few rows are deleted faster than tables are truncated.
func (s *Scratch) Reset(ctx context.Context) error {
	script := "update virtual_clock set at = null; delete from " + strings.Join(s.tables, "; delete from ")
	if _, err := s.Store.DB.ExecContext(ctx, script); err != nil {
		return fmt.Errorf("emptying the scratch: %w", err)
	}
	return nil
}

// setClock makes t the time of the scratch.
func (s *Scratch) setClock(ctx context.Context, t time.Time) error {
	if _, err := s.Store.DB.ExecContext(ctx, "update virtual_clock set at = $1", t); err != nil {
		return fmt.Errorf("setting the clock of a simulation: %w", err)
	}
	return nil
}

// Close drops the scratch.
func (s *Scratch) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err := s.drop(ctx, s.Store)
	if closing := s.Store.Close(); err == nil {
		err = closing
	}
	return err
}

func (s *Scratch) drop(ctx context.Context, through *store.Store) error {
	if _, err := through.DB.ExecContext(ctx, "drop schema if exists "+s.schema+" cascade"); err != nil {
		return fmt.Errorf("dropping the scratch schema %s: %w", s.schema, err)
	}
	return nil
}
