package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/internal/config"
	"github.com/legato-flow/legato/store"
)

func accountCommand() *cobra.Command {
	command := &cobra.Command{Use: "account", Short: "Show and set what the account says of itself"}
	command.AddCommand(accountShowCommand(), accountSetCommand())
	return command
}

func accountShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show",
		Short: "Show the account, with the public company id",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return withStore(command, func(ctx context.Context, _ config.Config, s *store.Store) error {
				if err := s.EnsureAccount(ctx, ""); err != nil {
					return err
				}
				a, err := s.Account(ctx)
				if err != nil {
					return err
				}
				return printAccount(command.OutOrStdout(), a)
			})
		},
	}
}

func printAccount(w io.Writer, a *store.Account) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	industry := ""
	if a.Industry != nil {
		industry = *a.Industry
	}
	fmt.Fprintf(out, "public company id\t%s\nname\t%s\ntimezone\t%s\ncurrency\t%s\nlocale\t%s\nindustry\t%s\ntest account\t%t\n",
		a.ID, a.Name, a.Timezone, a.Currency, a.Locale, industry, a.Test)
	values := a.Values()
	for _, name := range append([]string{"url"}, store.AddressFields...) {
		if text, ok := values[name].(string); ok && text != "" {
			fmt.Fprintf(out, "%s\t%s\n", name, text)
		}
	}
	return out.Flush()
}

// accountFlags are the flags of legato account set that are texts, each with how it is checked and kept.
var accountFlags = []struct {
	name, help string
	set        func(a *store.Account, organization map[string]any, value string) error
}{
	{"name", "the organization's name", func(a *store.Account, o map[string]any, v string) error { a.Name, o["name"] = v, v; return nil }},
	{"timezone", "where a profile has none, such as Europe/Vienna", func(a *store.Account, _ map[string]any, v string) error {
		if _, err := time.LoadLocation(v); err != nil || v == "" || v == "Local" {
			return errors.New("expected an IANA time zone such as Europe/Vienna")
		}
		a.Timezone = v
		return nil
	}},
	{"currency", "ISO 4217, such as EUR", func(a *store.Account, _ map[string]any, v string) (err error) {
		a.Currency, err = ingest.ParseCurrency(v)
		return err
	}},
	{"locale", "language and region, such as en-US", func(a *store.Account, _ map[string]any, v string) error {
		if !localeForm.MatchString(v) {
			return errors.New("expected language and region such as en-US")
		}
		a.Locale = v
		return nil
	}},
	{"industry", "what the organization sells", func(a *store.Account, _ map[string]any, v string) error {
		if a.Industry = &v; v == "" {
			a.Industry = nil
		}
		return nil
	}},
	{"website", "the organization's site", inOrganization("url")},
	{"address1", "street and number", inOrganization("address1")},
	{"address2", "more of the address", inOrganization("address2")},
	{"city", "of the address", inOrganization("city")},
	{"region", "of the address: state or province", inOrganization("region")},
	{"zip", "of the address", inOrganization("zip")},
	{"country", "of the address", inOrganization("country")},
}

var localeForm = regexp.MustCompile(`^[a-z]{2,3}-[A-Z]{2}$`)

// inOrganization keeps a part of the organization; empty takes it away. Templates have the address in one line as well.
func inOrganization(field string) func(*store.Account, map[string]any, string) error {
	return func(_ *store.Account, o map[string]any, v string) error {
		if o[field] = v; v == "" {
			delete(o, field)
		}
		var parts []string
		for _, name := range store.AddressFields {
			if text, ok := o[name].(string); ok && text != "" {
				parts = append(parts, text)
			}
		}
		if o["full_address"] = strings.Join(parts, ", "); len(parts) == 0 {
			delete(o, "full_address")
		}
		return nil
	}
}

func accountSetCommand() *cobra.Command {
	values := make([]string, len(accountFlags))
	var test bool
	command := &cobra.Command{
		Use:     "set",
		Short:   "Set what the account says of itself; an empty value clears",
		Long:    "Set what the account says of itself: what footers show, and the time zone, currency and locale where nothing else says\nwhich. An empty value clears. Workers that run keep the currency and locale that they started with.",
		Example: "  legato account set --name 'The shop' --timezone Europe/Vienna --currency EUR",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return withStore(command, func(ctx context.Context, _ config.Config, s *store.Store) error {
				a, err := s.ChangeAccount(ctx, func(a *store.Account) error {
					organization := map[string]any{}
					if err := json.Unmarshal(a.Organization, &organization); err != nil {
						return fmt.Errorf("the stored organization: %w", err)
					}
					changed := false
					for i, f := range accountFlags {
						if !command.Flags().Changed(f.name) {
							continue
						}
						changed = true
						if v := values[i]; !utf8.ValidString(v) || utf8.RuneCountInString(v) > 300 || strings.ContainsFunc(v, unicode.IsControl) {
							return fmt.Errorf("--%s: expected at most 300 characters, none of them control characters", f.name)
						}
						if err := f.set(a, organization, values[i]); err != nil {
							return fmt.Errorf("--%s %q: %w", f.name, values[i], err)
						}
					}
					if command.Flags().Changed("test-account") {
						a.Test, changed = test, true
					}
					if !changed {
						return errors.New("nothing to set: give at least one of the flags")
					}
					var err error
					a.Organization, err = json.Marshal(organization)
					return err
				})
				if err != nil {
					return err
				}
				return printAccount(command.OutOrStdout(), a)
			})
		},
	}
	for i, f := range accountFlags {
		command.Flags().StringVar(&values[i], f.name, "", f.help)
	}
	command.Flags().BoolVar(&test, "test-account", false, "say that the account is for tests")
	return command
}
