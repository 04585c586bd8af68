package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/membership/static"
	sqliteplugin "go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/schema/sqlite"
	"go.temporal.io/server/temporal"
)

// searchAttributes are the ones Legato's workflows set (workflows/attributes.go in the main module).
var searchAttributes = map[string]enumspb.IndexedValueType{
	"FlowID":      enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	"FlowVersion": enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	"FlowStatus":  enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	"ProfileID":   enumspb.INDEXED_VALUE_TYPE_KEYWORD,
}

// newServer prepares the store and builds the four Temporal services in this process. The store is the SQLite file, or
// the Postgres server at address unless that is "".
func newServer(file, address string, port int, namespace string, verbose bool) (temporal.Server, error) {
	ns, err := sqlite.NewNamespaceConfig("active", namespace, false, searchAttributes)
	if err != nil {
		return nil, err
	}
	stores, err := openStores(file, address, slices.Collect(maps.Keys(ns.Detail.Config.CustomSearchAttributeAliases)))
	if err != nil {
		return nil, err
	}
	main := stores.DataStores[stores.DefaultStore].SQL
	if err := sqlite.CreateNamespaces(main, ns); err != nil { // only by its package SQLite's: any store will do
		return nil, fmt.Errorf("creating namespace %s in %s: %w", namespace, main.DatabaseName, err)
	}

	frontend := fmt.Sprintf("127.0.0.1:%d", port)
	services := map[string]config.Service{}
	hosts := map[primitives.ServiceName]static.Hosts{}
	for _, name := range []primitives.ServiceName{
		primitives.FrontendService, primitives.HistoryService, primitives.MatchingService, primitives.WorkerService,
	} {
		p := port
		if name != primitives.FrontendService {
			if p, err = choosePort(0); err != nil {
				return nil, err
			}
		}
		services[string(name)] = config.Service{RPC: config.RPC{GRPCPort: p, BindOnIP: "127.0.0.1"}}
		hosts[name] = static.SingleLocalHost(fmt.Sprintf("127.0.0.1:%d", p))
	}
	cfg := &config.Config{
		Persistence: stores,
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10, MasterClusterName: "active", CurrentClusterName: "active",
			ClusterInformation: map[string]cluster.ClusterInformation{
				"active": {Enabled: true, InitialFailoverVersion: 1, RPCAddress: frontend},
			},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		Services:            services,
		Archival: config.Archival{
			History:    config.HistoryArchival{State: "disabled"},
			Visibility: config.VisibilityArchival{State: "disabled"},
		},
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History:    config.HistoryArchivalNamespaceDefaults{State: "disabled"},
			Visibility: config.VisibilityArchivalNamespaceDefaults{State: "disabled"},
		}},
		PublicClient: config.PublicClient{HostPort: frontend},
	}
	cfg.Global.Membership = config.Membership{MaxJoinDuration: 30 * time.Second, BroadcastAddress: "127.0.0.1"}

	var logger log.Logger = log.NewNoopLogger()
	if verbose {
		logger = log.NewZapLogger(log.BuildZapLogger(log.Config{Stdout: true, Level: "info"}))
	}
	return temporal.NewServer(
		temporal.WithConfig(cfg),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithStaticHosts(hosts),
		temporal.WithLogger(logger),
		temporal.WithAuthorizer(authorization.NewNoopAuthorizer()),
		temporal.WithDynamicConfigClient(dynamic()),
	)
}

func openStores(file, address string, columns []string) (config.Persistence, error) {
	if address == "" {
		store, err := openSQLite(file)
		return config.Persistence{
			DefaultStore: "sqlite", VisibilityStore: "sqlite", NumHistoryShards: 1,
			DataStores: map[string]config.DataStore{"sqlite": {SQL: store}},
		}, err
	}
	store, visibility, err := openPostgres(address, columns)
	return config.Persistence{
		DefaultStore: "postgres", VisibilityStore: "visibility", NumHistoryShards: 4,
		DataStores: map[string]config.DataStore{"postgres": {SQL: store}, "visibility": {SQL: visibility}},
	}, err
}

// openSQLite makes the file when it is missing, and says how to reach it.
//
// It is in WAL mode with synchronous=1 (NORMAL): measured faster than the rollback journal and than SQLite's in-memory
// mode, and a crash of this process loses nothing.
func openSQLite(file string) (*config.SQL, error) {
	store := &config.SQL{
		PluginName:   sqliteplugin.PluginName,
		DatabaseName: file,
		ConnectAttributes: map[string]string{
			"mode": "rwc", "journal_mode": "wal", "synchronous": "1",
		},
	}
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		return store, err
	}
	// A half-made schema would be taken for a whole one at the next start, so it is made aside.
	making := *store
	making.DatabaseName = file + ".making"
	for _, suffix := range []string{"", "-wal", "-shm"} {
		_ = os.Remove(making.DatabaseName + suffix)
	}
	making.ConnectAttributes = map[string]string{"mode": "rwc"}
	if err := sqlite.SetupSchema(&making); err != nil {
		return nil, fmt.Errorf("creating %s: %w", file, err)
	}
	return store, os.Rename(making.DatabaseName, file)
}

// dynamic widens the limits that a burst in development or a benchmark meets first; one partition per task
// queue saves two thirds of the polls.
func dynamic() dynamicconfig.StaticClient {
	values := dynamicconfig.StaticClient{}
	for key, value := range map[string]any{
		"frontend.namespaceRPS":                          20000,
		"frontend.rps":                                   20000,
		"frontend.namespaceRPS.visibility":               200,
		"history.rps":                                    30000,
		"matching.rps":                                   20000,
		"matching.numTaskqueueReadPartitions":            1,
		"matching.numTaskqueueWritePartitions":           1,
		"frontend.workflowPauseEnabled":                  true,
		"system.forceSearchAttributesCacheRefreshOnRead": true,
	} {
		values[dynamicconfig.MakeKey(strings.ToLower(key))] = value
	}
	return values
}
