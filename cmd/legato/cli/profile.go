package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/legato-flow/legato/channel/consent"
	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/internal/config"
	"github.com/legato-flow/legato/store"
)

func profileCommand() *cobra.Command {
	command := &cobra.Command{Use: "profile", Short: "Export, merge and delete people",
		Long: "Export, merge and delete people. A person is named by an email address, a phone number such as +12345678901, an id of the profile, or your own id of the person."}
	command.AddCommand(profileExportCommand(), profileMergeCommand(), profileDeleteCommand())
	return command
}

// profileExportCommand writes everything that is known of a person.
func profileExportCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "export person",
		Short:   "Write everything that is known of a person as JSON",
		Long:    "Write everything that is known of a person as one JSON object: the profile and what else it is found by, lists, suppressions, devices, every event with everything that was sent, purchases, messages, and runs with what became of each step.",
		Example: "  legato profile export ada@example.com > ada.json",
		Args:    cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			return withStore(command, func(ctx context.Context, c config.Config, s *store.Store) error {
				id, err := findPerson(ctx, s, args[0])
				if err != nil {
					return err
				}
				extra := map[string]string{}
				if c.Secret != "" {
					extra["_kx"] = consent.Exchange([]byte(string(c.Secret)), id)
				}
				return s.ExportProfile(ctx, command.OutOrStdout(), id, time.Now(), extra)
			})
		},
	}
}

// profileMergeCommand makes two profiles one.
func profileMergeCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "merge source destination",
		Short:   "Move everything of one person to another, for good",
		Long:    "Move everything of the source to the destination, for good: identifiers, attributes that the destination lacks, events, lists, suppressions, devices, messages and runs. The source is gone then, and its addresses lead to the destination.",
		Example: "  legato profile merge ada@old.example ada@example.com",
		Args:    cobra.ExactArgs(2),
		RunE: func(command *cobra.Command, args []string) error {
			return withStore(command, func(ctx context.Context, _ config.Config, s *store.Store) error {
				source, err := findPerson(ctx, s, args[0])
				if err != nil {
					return err
				}
				destination, err := findPerson(ctx, s, args[1])
				if err != nil {
					return err
				}
				if source == destination {
					return fmt.Errorf("%s and %s are one profile already, %s", args[0], args[1], source)
				}
				if err := ingest.New(s, time.Now).MergeProfiles(ctx, source, destination); err != nil {
					return fmt.Errorf("merging %s into %s: %w", args[0], args[1], err)
				}
				_, err = fmt.Fprintf(command.OutOrStdout(), "merged %s into %s\n", source, destination)
				return err
			})
		},
	}
}

// profileDeleteCommand erases a person.
func profileDeleteCommand() *cobra.Command {
	var yes bool
	command := &cobra.Command{
		Use:     "delete person --yes",
		Short:   "Erase a person, for good",
		Long:    "Erase a person, for good: the profile with lists, suppressions, devices and addresses. Runs inside flows are cancelled. Events stay with their numbers and without their texts, messages without their addresses.",
		Example: "  legato profile delete ada@example.com --yes",
		Args:    cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			return withStore(command, func(ctx context.Context, _ config.Config, s *store.Store) error {
				id, err := findPerson(ctx, s, args[0])
				if err != nil {
					return err
				}
				if !yes {
					return fmt.Errorf("%s is the profile %s; nothing was deleted: say --yes to erase it for good", args[0], id)
				}
				erased, err := ingest.New(s, time.Now).DeleteProfile(ctx, id)
				if err != nil {
					return fmt.Errorf("deleting profile %s: %w", id, err)
				}
				_, err = fmt.Fprintf(command.OutOrStdout(), "deleted %s; %d runs were cancelled, %d events and %d messages redacted\n",
					id, erased.Runs, erased.Events, erased.Messages)
				return err
			})
		},
	}
	command.Flags().BoolVar(&yes, "yes", false, "erase the person, without which it is only looked whether there is one")
	return command
}

// findPerson gives the id of the profile that a person is known by.
func findPerson(ctx context.Context, s *store.Store, person string) (string, error) {
	var keys store.Keys
	switch {
	case strings.Contains(person, "@"):
		email, err := ingest.ParseEmail(person)
		if err != nil {
			return "", fmt.Errorf("%q: %w", person, err)
		}
		keys.Emails = []string{ingest.IdentifierKey("email", email)}
	case strings.HasPrefix(person, "+"):
		phone, err := ingest.ParsePhone(person)
		if err != nil {
			return "", fmt.Errorf("%q: %w", person, err)
		}
		keys.PhoneNumbers = []string{phone}
	default:
		if _, err := ingest.ParseKey(person, ingest.MaxKeyLength); err != nil {
			return "", fmt.Errorf("%q: %w", person, err)
		}
		keys.IDs, keys.ExternalIDs = []string{person}, []string{person}
	}
	ids, err := s.FindProfiles(ctx, keys)
	switch {
	case err != nil:
		return "", err
	case len(ids) == 0:
		return "", fmt.Errorf("nobody is known by %q", person)
	case len(ids) > 1:
		return "", errors.New(person + " is the id of several profiles: " + strings.Join(ids, ", "))
	}
	return ids[0], nil
}
