package cli

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/legato-flow/legato/internal/config"
)

// healthCommand lets a container without a shell or curl check itself.
func healthCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "health [host:port]",
		Short:   "Ask a running server whether it is ready",
		Long:    "Ask /readyz of the server at host:port, by default at LEGATO_LISTEN, and fail unless it is ready.",
		Example: "  legato health\n  legato health 127.0.0.1:8081",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			options, err := config.Load(os.Getenv, "LEGATO_LISTEN")
			if err != nil {
				return err
			}
			address := options.Listen
			if len(args) == 1 {
				address = args[0]
			}
			host, port, err := net.SplitHostPort(address)
			if err != nil {
				return fmt.Errorf("%q is no address: expected host:port", address)
			}
			if host == "" || host == "0.0.0.0" || host == "::" { // it listens everywhere, so here too
				host = "127.0.0.1"
			}
			request, err := http.NewRequestWithContext(command.Context(), http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/readyz", nil)
			if err != nil {
				return err
			}
			response, err := (&http.Client{Timeout: 5 * time.Second}).Do(request)
			if err != nil {
				return fmt.Errorf("asking whether the server is ready: %w", err)
			}
			defer response.Body.Close()
			said, _ := io.ReadAll(io.LimitReader(response.Body, 1024))
			if response.StatusCode != http.StatusOK {
				return fmt.Errorf("the server is not ready: %s %s", response.Status, strings.TrimSpace(string(said)))
			}
			fmt.Fprintln(command.OutOrStdout(), "ready")
			return nil
		},
	}
}
