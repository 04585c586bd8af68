package cli

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/legato-flow/legato/ingest"
	"github.com/legato-flow/legato/internal/testkit"
	"github.com/legato-flow/legato/store"
)

func TestPropertiesAreListedWithTheTypesTheyHaveHad(t *testing.T) {
	url := testkit.DatabaseURL(t)
	t.Setenv("DATABASE_URL", url)
	s, err := store.Open(t.Context(), url, 2)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, time.November, 24, 10, 0, 0, 0, time.UTC)
	g := ingest.New(s, func() time.Time { return at })
	email := "ada@example.com"
	for i, properties := range []string{`{"Size":12}`, `{"Size":"12","a\tb":true}`, `{"Size":"XL"}`} {
		at = at.Add(time.Minute)
		change := ingest.Change{Attributes: map[string]*string{"email": &email}}
		if i == 0 {
			change.Properties = map[string]json.RawMessage{"birthday": json.RawMessage(`"1990-05-10"`)}
		}
		if _, err := g.Events(t.Context(), []ingest.Event{{Metric: "Placed Order", Profile: change, Properties: json.RawMessage(properties)}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil { // writes what was counted
		t.Fatal(err)
	}
	want := `OF            PROPERTY  TYPE     VALUES  LAST SEEN          ALSO
profiles      birthday  date     1       2026-11-24T10:01Z  -
Placed Order  Size      text     2       2026-11-24T10:03Z  number (1, 2026-11-24T10:01Z to 2026-11-24T10:01Z)
Placed Order  a�b       boolean  1       2026-11-24T10:02Z  -
`
	out, err := execute(t, propertyCommand(), "list")
	if diff := cmp.Diff(want, out); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if out, err := execute(t, propertyCommand(), "list", "--metric", "Placed Order"); err != nil || strings.Contains(out, "birthday") || !strings.Contains(out, "Size") {
		t.Error(err, out)
	}
	if out, err := execute(t, propertyCommand(), "list", "--metric", "Nothing"); err == nil {
		t.Error(out)
	}
}
