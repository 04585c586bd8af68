package testkit_test

import (
	"testing"

	"github.com/legato-flow/legato/internal/testkit"
	"go.temporal.io/sdk/client"
)

func TestEachTestHasADatabaseOfItsOwn(t *testing.T) {
	t.Parallel()
	for range 2 {
		s := testkit.Store(t)
		if _, err := s.DB.Exec("create table only_here (a int)"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTemporalAnswers(t *testing.T) {
	t.Parallel()
	c, err := client.Dial(client.Options{HostPort: testkit.Temporal(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.CheckHealth(t.Context(), nil); err != nil {
		t.Error(err)
	}
}
