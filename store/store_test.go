package store_test

import (
	"testing"

	"github.com/legato-flow/legato/internal/testkit"
)

func TestAFreshDatabaseHasEveryTable(t *testing.T) {
	t.Parallel()
	s := testkit.Store(t)
	for _, table := range []string{"account", "profile", "event", "outbox", "run", "outcome", "message"} {
		var n int
		if err := s.DB.Get(&n, "select count(*) from "+table); err != nil || n != 0 {
			t.Errorf("%s: %d rows, %v", table, n, err)
		}
	}
}
