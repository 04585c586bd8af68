package cli

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/legato-flow/legato/api"
	"github.com/legato-flow/legato/internal/config"
	"github.com/legato-flow/legato/store"
)

func keyCommand() *cobra.Command {
	command := &cobra.Command{Use: "key", Short: "Make, list and revoke private API keys"}
	command.AddCommand(keyCreateCommand(), keyListCommand(), keyRevokeCommand())
	return command
}

// keyCreateCommand makes a private key. It is shown once: Postgres holds its hash.
func keyCreateCommand() *cobra.Command {
	var scopes []string
	command := &cobra.Command{
		Use:     "create name",
		Short:   "Make a private API key and show it once",
		Long:    "Make a private API key and show it once: only its hash is kept. Without --scope it may do everything.\n\nScopes: " + strings.Join(api.Scopes(), ", ") + ".",
		Example: "  legato key create checkout --scope events:write --scope profiles:write",
		Args:    cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			if err := checkKeyName(args[0]); err != nil {
				return err
			}
			if command.Flags().Changed("scope") && len(scopes) == 0 {
				return errors.New("--scope: expected a scope such as events:write; leave it out for a key that may do everything")
			}
			for _, scope := range scopes {
				if !slices.Contains(api.Scopes(), scope) {
					return fmt.Errorf("--scope %q: expected one of %s", scope, strings.Join(api.Scopes(), ", "))
				}
			}
			slices.Sort(scopes)
			return withStore(command, func(ctx context.Context, _ config.Config, s *store.Store) error {
				random := make([]byte, 20)
				if _, err := rand.Read(random); err != nil {
					return err
				}
				key := "pk_" + hex.EncodeToString(random)
				if err := s.CreateKey(ctx, key, args[0], slices.Compact(scopes)...); err != nil {
					return err
				}
				_, err := fmt.Fprintln(command.OutOrStdout(), key)
				return err
			})
		},
	}
	command.Flags().StringSliceVar(&scopes, "scope", nil, "what the key may do, such as events:write; several times for several (default everything)")
	return command
}

func checkKeyName(name string) error {
	if name == "" || utf8.RuneCountInString(name) > 100 || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return errors.New("the name of a key is 1 to 100 characters long, without control characters")
	}
	return nil
}

func keyListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "Show the private API keys, the oldest first",
		Long:  "Show the private API keys, the oldest first: by their beginning, as the keys themselves are not kept. The last use is exact to about an hour.",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return withStore(command, func(ctx context.Context, _ config.Config, s *store.Store) error {
				keys, err := s.Keys(ctx)
				if err != nil {
					return err
				}
				return printKeys(command.OutOrStdout(), keys)
			})
		},
	}
}

func printKeys(w io.Writer, keys []store.Key) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "NAME\tPREFIX\tSCOPES\tCREATED\tLAST USED\tREVOKED")
	for _, k := range keys {
		scopes := "everything"
		if k.Scopes != nil {
			scopes = strings.Join(k.Scopes, " ")
		}
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\n", k.Name, k.Prefix, scopes, keyTime(&k.CreatedAt), keyTime(k.LastUsedAt), keyTime(k.RevokedAt))
	}
	return out.Flush()
}

// keyTime shows a time, or that there is none.
func keyTime(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.UTC().Format("2006-01-02T15:04Z")
}

func keyRevokeCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "revoke name-or-prefix",
		Short:   "Make a private API key invalid for good",
		Long:    "Make a private API key invalid for good. Servers that have just seen the key take it for up to ten seconds more.",
		Example: "  legato key revoke checkout\n  legato key revoke pk_1a2b3c4d",
		Args:    cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			if err := checkKeyName(args[0]); err != nil {
				return err
			}
			return withStore(command, func(ctx context.Context, _ config.Config, s *store.Store) error {
				k, err := s.RevokeKey(ctx, args[0], time.Now().UTC())
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(command.OutOrStdout(), "revoked %s (%s)\n", k.Name, k.Prefix)
				return err
			})
		},
	}
}
