package api_test

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/legato-flow/legato/internal/testkit"
)

var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// TestTheGuideToCountingEventsIsTrue runs every command of the page against a server.
func TestTheGuideToCountingEventsIsTrue(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("there is no curl")
	}
	root, err := testkit.Root()
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(root, "docs", "guide", "counting-events.md"))
	if err != nil {
		t.Fatal(err)
	}
	s := newServer(t)
	s.happened("Placed Order", "a@example.com", "2026-03-03T04:00:00Z", `"properties":{},"value":49.90,"value_currency":"USD"`) // 2 March in New York
	s.happened("Placed Order", "b@example.com", "2026-03-20T04:00:00Z", `"properties":{},"value":30,"value_currency":"EUR"`)
	server := httptest.NewServer(s.handler)
	t.Cleanup(server.Close)
	metric := s.metricNamed("Placed Order")
	environment := append(os.Environ(), "LEGATO="+server.URL, "KEY=pk_dev", "METRIC="+metric)

	// What the answers of each block must have, in their order.
	want := [][]string{
		{metric, `"name":"Placed Order"`},
		{`"dates":["2026-03-01T00:00:00-05:00","2026-03-02T00:00:00-05:00"`, `"count":[0,1,0,0,0,0,0,0]`, `"unique":[0,1,0`, `"sum_value":[0,49.90,0`, `"2026-03-08T00:00:00-05:00"]`},
		{`[{"dimensions":["USD"],"measurements":{"sum_value":[0,0,49.90,0`, `{"dimensions":["EUR"],"measurements":{"sum_value":[0,0,30,0`},
		{`"type":"custom-metric"`, `"name":"Large orders"`},
		{`"type":"mapped-metric","id":"revenue"`, `"included":[`, `"name":"Large orders"`},
		{`"average_order_value":49.9,`, `"historic_clv":49.9,"historic_number_of_orders":1,`, `"churn_probability":null`},
	}
	blocks := shellBlock.FindAllStringSubmatch(string(page), -1)
	if len(blocks) != len(want) {
		t.Fatalf("the page has %d blocks, and there is something to expect of %d", len(blocks), len(want))
	}
	for i, block := range blocks {
		command := exec.CommandContext(t.Context(), "sh", "-euc", block[1])
		command.Env = environment
		out, err := command.CombinedOutput()
		if err != nil || strings.Contains(string(out), `"errors"`) {
			t.Fatalf("%v\n%s\n%s", err, block[1], out)
		}
		for _, text := range want[i] {
			if !strings.Contains(string(out), text) {
				t.Errorf("no %s in\n%s\nof\n%s", text, out, block[1])
			}
		}
		var made struct {
			Data struct{ Type, ID string }
		}
		if json.Unmarshal(out, &made) == nil && made.Data.Type == "custom-metric" {
			environment = append(environment, "CUSTOM="+made.Data.ID)
		}
	}
}
