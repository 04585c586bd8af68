package api_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/legato-flow/legato/internal/testkit"
)

var httpBlock = regexp.MustCompile("(?s)```http\n([A-Z]+) (\\S+)\n\n?(.*?)```")

func TestTheRequestsInTheGuideAreTaken(t *testing.T) {
	t.Parallel()
	root, err := testkit.Root()
	if err != nil {
		t.Fatal(err)
	}
	s := newServer(t)
	if err := s.store.EnsureAccount(t.Context(), "DEV001"); err != nil {
		t.Fatal(err)
	}
	for page, want := range map[string]int{"sending-from-the-browser.md": 5, "webhooks-out.md": 2, "links.md": 1} {
		text, err := os.ReadFile(filepath.Join(root, "docs", "guide", page))
		if err != nil {
			t.Fatal(err)
		}
		blocks := httpBlock.FindAllStringSubmatch(string(text), -1)
		if len(blocks) != want {
			t.Errorf("%s: %d requests were found, not %d", page, len(blocks), want)
		}
		for _, b := range blocks {
			headers := map[string]string{}
			if strings.HasPrefix(b[2], "/client/") {
				headers["Authorization"] = "-"
			}
			if w := s.do(request{method: b[1], path: b[2], body: b[3], headers: headers}); w.Code/100 != 2 {
				t.Errorf("%s: %s %s: %d %s", page, b[1], b[2], w.Code, w.Body)
			}
		}
	}
	if n := s.count("select count(*) from event"); n != 2 {
		t.Errorf("%d events", n)
	}
}
