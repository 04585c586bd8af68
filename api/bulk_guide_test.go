package api_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

var curls = regexp.MustCompile(`(?s)curl http://127\.0\.0\.1:8080(/[^ ]+) \\\n  -H [^\n]*?(?: -d '\n(.*?)')?\n`)

// TestTheCommandsOfTheGuideToBulkDataDoWhatItSays sends what the page sends, in its order.
func TestTheCommandsOfTheGuideToBulkDataDoWhatItSays(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/guide/bulk.md")
	if err != nil {
		t.Fatal(err)
	}
	s := newServer(t)
	list, job := s.list("Imported"), ""
	var done []string
	for _, match := range curls.FindAllStringSubmatch(string(page), -1) {
		path, body := strings.Replace(match[1], "JOB", job, 1), strings.Replace(match[2], "LIST", list, 1)
		method, status := "GET", 200
		if body != "" {
			method, status = "POST", 202
		}
		doc := s.expect(status, method, path, body)
		if doc != nil && method == "POST" {
			job = dig(t, doc, "data", "id").(string)
		}
		if strings.HasSuffix(path, "import-errors") && dig(t, doc, "data", 0, "attributes", "source", "pointer") != "/data/attributes/profiles/data/1/attributes/email" {
			t.Errorf("%v", doc)
		}
		done = append(done, method+" "+match[1])
		s.work()
	}
	if len(done) != 6 {
		t.Errorf("the page has %d commands: %q", len(done), done)
	}
	for query, want := range map[string]int{
		"select count(*) from event e join metric m on m.id = e.metric_id where m.name = 'Placed Order'": 2,
		"select count(*) from profile where email = 'ada@example.com' and properties ->> 'size' = 'M'":   1,
		"select count(*) from list_member": 1,
		"select count(*) from consent where at = '2023-05-01T12:00:00Z' and method_detail = 'Old shop'":              1,
		"select count(*) from suppression s join profile p on p.id = s.profile_id where email = 'grace@example.com'": 1,
	} {
		if got := s.count(query); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
}
