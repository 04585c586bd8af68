package store_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/legato-flow/legato/internal/testkit"
	"github.com/legato-flow/legato/store"
)

const longKey = "pk_0123456789abcdef0123456789abcdef01234567"

func TestOfAKeyOnlyItsHashAndItsBeginningAreStored(t *testing.T) {
	t.Parallel()
	s := testkit.Store(t)
	if err := s.CreateKey(t.Context(), longKey, "shop", "events:write", "profiles:read"); err != nil {
		t.Fatal(err)
	}
	if err := s.CreateKey(t.Context(), longKey, "again"); err != nil {
		t.Fatal(err)
	}
	var row string
	if err := s.DB.Get(&row, "select string_agg(k::text, ' ') from api_key k"); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(row, longKey[12:]) || strings.Contains(row, "again") {
		t.Error(row)
	}
	k, err := s.ValidKey(t.Context(), store.HashKey(longKey))
	if err != nil || k.Name != "shop" || k.Prefix != "pk_01234567" || len(k.Scopes) != 2 || k.LastUsedAt != nil {
		t.Errorf("%+v, %v", k, err)
	}
	if _, err := s.ValidKey(t.Context(), store.HashKey(longKey+"0")); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
	for _, key := range []string{"", "x", "pk_dev"} { // too short for a prefix that gives nothing away
		if err := s.CreateKey(t.Context(), key, "short"); err != nil {
			t.Fatal(err)
		}
		k, err := s.ValidKey(t.Context(), store.HashKey(key))
		if err != nil || len(k.Prefix) > len(key)/3 || k.Scopes != nil {
			t.Errorf("%q: %+v, %v", key, k, err)
		}
	}
}

func TestTheUseOfAKeyIsNotedToTheHour(t *testing.T) {
	t.Parallel()
	s := testkit.Store(t)
	if err := s.CreateKey(t.Context(), longKey, "shop"); err != nil {
		t.Fatal(err)
	}
	first := time.Date(2026, time.November, 24, 10, 0, 0, 0, time.UTC)
	for _, step := range []struct{ use, noted time.Time }{
		{first, first}, {first.Add(59 * time.Minute), first}, {first.Add(-time.Hour), first}, {first.Add(61 * time.Minute), first.Add(61 * time.Minute)},
	} {
		if err := s.KeyUsed(t.Context(), store.HashKey(longKey), step.use); err != nil {
			t.Fatal(err)
		}
		k, err := s.ValidKey(t.Context(), store.HashKey(longKey))
		if err != nil || k.LastUsedAt == nil || !k.LastUsedAt.Equal(step.noted) {
			t.Errorf("used at %s: %v noted, %v", step.use, k.LastUsedAt, err)
		}
	}
}

func TestAKeyIsRevokedByItsNameOrItsPrefix(t *testing.T) {
	t.Parallel()
	s := testkit.Store(t)
	now := time.Date(2026, time.November, 24, 10, 0, 0, 0, time.UTC)
	for key, name := range map[string]string{longKey: "shop", "pk_ffffffff" + longKey: "twice", "pk_eeeeeeee" + longKey: "twice"} {
		if err := s.CreateKey(t.Context(), key, name); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct{ called, want string }{
		{"shop", ""},
		{"shop", "was revoked at 2026-11-24T10:00:00Z"},
		{"twice", "2 valid API keys"},
		{"pk_ffffffff", ""},
		{"twice", ""}, // the other one
		{"nobody", "no API key has the name or the prefix"},
		{"'; drop table api_key; --", "no API key"},
		{"", "no API key"},
	} {
		k, err := s.RevokeKey(t.Context(), step.called, now)
		switch {
		case step.want != "":
			if err == nil || !strings.Contains(err.Error(), step.want) {
				t.Errorf("%q: %v, want %s", step.called, err, step.want)
			}
		case err != nil || k.RevokedAt == nil:
			t.Errorf("%q: %+v, %v", step.called, k, err)
		}
	}
	all, err := s.Keys(t.Context())
	if err != nil || len(all) != 3 {
		t.Fatal(all, err)
	}
	for _, k := range all {
		if _, err := s.ValidKey(t.Context(), k.Hash); k.RevokedAt == nil || !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%+v: %v", k, err)
		}
	}
}
