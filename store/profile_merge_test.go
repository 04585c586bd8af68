package store_test

import (
	"slices"
	"testing"

	"github.com/legato-flow/legato/internal/testkit"
	"github.com/legato-flow/legato/store"
)

// TestEveryTableOfPeopleIsMergedErasedAndExported looks that nobody adds a table with people in it and forgets what becomes of
// its rows when two profiles are merged, when one is deleted and when one is exported.
func TestEveryTableOfPeopleIsMergedErasedAndExported(t *testing.T) {
	t.Parallel()
	s := testkit.Store(t)
	var tables []string
	err := s.DB.Select(&tables, `select c.table_name from information_schema.columns c
		join pg_class p on p.relname = c.table_name and p.relnamespace = 'public'::regnamespace and not p.relispartition
		where c.table_schema = 'public' and c.column_name = 'profile_id' order by 1`)
	if err != nil || len(tables) < 15 {
		t.Fatal(tables, err)
	}
	// profile_date follows from the properties of the profile that is left, and goes with its profile.
	for _, table := range tables {
		if !slices.Contains(store.MergeSteps(), "merge_"+table) && table != "profile_date" {
			t.Errorf("nothing says what becomes of the rows of %s when a profile is merged: see mergeSteps", table)
		}
		if !slices.Contains(store.EraseSteps(), "erase_"+table) && table != "profile_date" {
			t.Errorf("nothing says what becomes of the rows of %s when a profile is deleted: see eraseSteps", table)
		}
		if !slices.Contains(store.ExportSteps(), "export_"+table) && table != "profile_date" {
			t.Errorf("the rows of %s are not exported with their profile: see exportSteps", table)
		}
	}
}
