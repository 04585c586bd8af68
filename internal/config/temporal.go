package config

import (
	"fmt"
	"os"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
)

// TemporalVariables lists what Temporal's SDK reads for itself, so that legato config can show it. The SDK's
// documentation has the rest: https://docs.temporal.io/develop/environment-configuration.
func TemporalVariables() []Option {
	return []Option{
		{Name: "TEMPORAL_ADDRESS", Default: "localhost:7233", Help: "host:port of the Temporal server."},
		{Name: "TEMPORAL_NAMESPACE", Default: "default", Help: "The namespace that the workflows live in."},
		{Name: "TEMPORAL_API_KEY", Secret: true, Help: "Turns TLS on, too."},
		{Name: "TEMPORAL_TLS", Help: "true turns TLS on, false turns it off."},
		{Name: "TEMPORAL_TLS_SERVER_CA_CERT_PATH", Help: "The authority that signed the server's certificate."},
		{Name: "TEMPORAL_TLS_SERVER_NAME", Help: "The name in the server's certificate."},
		{Name: "TEMPORAL_TLS_CLIENT_CERT_PATH", Help: "This client's certificate, for mutual TLS."},
		{Name: "TEMPORAL_TLS_CLIENT_KEY_PATH", Help: "The key of this client's certificate."},
		{Name: "TEMPORAL_CONFIG_FILE", Help: "A TOML file with the same settings."},
		{Name: "TEMPORAL_PROFILE", Default: "default", Help: "The profile to use of that file."},
	}
}

// TemporalOptions asks the SDK to read its own variables, through getenv, and its file, if there is one.
func TemporalOptions(getenv func(string) string) (client.Options, error) {
	options, err := envconfig.LoadClientOptions(envconfig.LoadClientOptionsRequest{EnvLookup: lookup(getenv)})
	if err != nil {
		return client.Options{}, fmt.Errorf("reading Temporal's settings: %w", err)
	}
	return options, nil
}

// lookup serves the SDK from getenv.
type lookup func(string) string

func (l lookup) LookupEnv(name string) (string, bool) {
	v := l(name)
	return v, v != ""
}

// Environ is asked for gRPC headers (TEMPORAL_GRPC_META_*) alone. Their names are free, so they can only be found
// by listing, and a getenv cannot list.
func (lookup) Environ() []string { return os.Environ() }
