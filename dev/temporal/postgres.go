package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"strings"

	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/metrics"
	"go.temporal.io/server/common/persistence"
	"go.temporal.io/server/common/persistence/sql"
	"go.temporal.io/server/common/persistence/sql/sqlplugin"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/postgresql"
	"go.temporal.io/server/common/resolver"
	"go.temporal.io/server/schema"
	v12 "go.temporal.io/server/schema/postgresql/v12"
)

// dropUnused drops all but the indexes of the visibility table that Temporal's own lists and the columns of the
// attributes need. The others are three quarters of what a workflow costs in bytes.
const dropUnused = `do $$
	declare i record;
	begin
		for i in select indexname from pg_indexes where schemaname = 'public' and tablename = 'executions_visibility'
			and indexname !~ '_pkey$' and indexname not in ('default_idx', 'by_workflow_id', 'by_workflow_type', 'by_status')
			and replace(substr(indexname, 4), '_', '') not in (%s)
		loop
			execute format('drop index %%I', i.indexname);
		end loop;
	end $$`

// openPostgres makes the databases temporal and temporal_visibility on the server at address, with their tables, where
// they are missing, and says how to reach them. Columns are those of the visibility table that are searched.
func openPostgres(address string, columns []string) (store, visibility *config.SQL, err error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		return nil, nil, errors.New("-postgres: want postgres://user:password@host:port/database")
	}
	password, given := u.User.Password()
	if !given {
		password = os.Getenv("PGPASSWORD") // what stands on a command line can be read by all
	}
	connect := func(name string) *config.SQL {
		return &config.SQL{
			PluginName: postgresql.PluginNamePGX, ConnectProtocol: "tcp", ConnectAddr: u.Host, DatabaseName: name,
			User: u.User.Username(), Password: password, MaxConns: 20, MaxIdleConns: 20,
		}
	}
	store, visibility = connect("temporal"), connect("temporal_visibility")
	if err := createSchema(connect(strings.TrimPrefix(u.Path, "/")), store, "temporal", v12.Version); err != nil {
		return nil, nil, err
	}
	for i, name := range columns {
		columns[i] = "'" + strings.ToLower(name) + "'"
	}
	drop := fmt.Sprintf(dropUnused, strings.Join(columns, ", "))
	err = createSchema(connect(strings.TrimPrefix(u.Path, "/")), visibility, "visibility", v12.VisibilityVersion, drop)
	return store, visibility, err
}

// createSchema makes a database and its tables, unless it is there at this version.
func createSchema(admin, target *config.SQL, folder, version string, more ...string) error {
	name := target.DatabaseName
	with := func(cfg *config.SQL, do func(sqlplugin.AdminDB) error) error {
		db, err := sql.NewSQLAdminDB(sqlplugin.DbKindUnknown, cfg, resolver.NewNoopResolver(), log.NewNoopLogger(), metrics.NoopMetricsHandler)
		if err != nil {
			return fmt.Errorf("connecting to database %s: %w", cfg.DatabaseName, err)
		}
		defer func() { _ = db.Close() }()
		return do(db)
	}
	if err := with(admin, func(db sqlplugin.AdminDB) error { return db.CreateDatabase(name) }); err != nil {
		return fmt.Errorf("creating database %s: %w", name, err)
	}
	return with(target, func(db sqlplugin.AdminDB) error {
		if err := db.CreateSchemaVersionTables(); err != nil {
			return fmt.Errorf("preparing database %s: %w", name, err)
		}
		switch have, err := db.ReadSchemaVersion(name); {
		case err == nil && have == version:
			return nil
		case err == nil:
			return fmt.Errorf("database %s has Temporal's schema %s and this server needs %s: drop it to start anew", name, have, version)
		}
		text, err := fs.ReadFile(schema.Assets(), "postgresql/v12/"+folder+"/schema.sql")
		if err != nil {
			return err
		}
		statements, err := persistence.LoadAndSplitQueryFromReaders([]io.Reader{strings.NewReader(string(text))})
		if err != nil {
			return fmt.Errorf("reading Temporal's schema: %w", err)
		}
		for _, statement := range append(statements, more...) {
			if err := db.Exec(statement); err != nil {
				return fmt.Errorf("creating Temporal's tables in database %s: %w", name, err)
			}
		}
		return db.UpdateSchemaVersion(name, version, version)
	})
}
