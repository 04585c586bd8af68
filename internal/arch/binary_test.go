package arch

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// largest is the most bytes the production binary may have.
const largest = 60_000_000

// left out of the production binary, each with its reason.
var leftOut = map[string]string{
	"go.temporal.io/server/...":           "Legato talks to a Temporal server and does not carry one; dev/temporal is a module of its own",
	"github.com/temporalio/ui-server/...": "Temporal's web UI runs beside its server",
	"github.com/chromedp/...":             "browsers are driven by tests only",
	"modernc.org/...":                     "Postgres is the only database",
	module + "/internal/testkit":          "it drops and makes databases",
}

func TestProductionBinaryCarriesNoTestOrServerCode(t *testing.T) {
	t.Parallel()
	dir := mainFolder(t)
	out, err := command(dir, "go", "list", "-deps", "-f", `{{.ImportPath}} {{join .Imports " "}}`, ".")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		for pattern, why := range leftOut {
			if matches(pattern, fields[0]) {
				t.Errorf("cmd/legato links %s: %s", fields[0], why)
			}
		}
		// The Temporal SDK links package testing itself; ours must not.
		if matches(module+"/...", fields[0]) && slices.Contains(fields[1:], "testing") {
			t.Errorf("%s imports testing outside tests", fields[0])
		}
	}
}

func TestProductionBinaryIsSmall(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("links the whole program")
	}
	binary := filepath.Join(t.TempDir(), "legato")
	if _, err := command(mainFolder(t), "go", "build", "-ldflags=-s -w", "-o", binary, "."); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(binary)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d MB", info.Size()/1_000_000)
	if info.Size() > largest {
		t.Errorf("the binary has %d bytes, more than %d; go version -m and go tool nm -size -sort size say what fills it", info.Size(), largest)
	}
}

// mainFolder gives the folder of the production program.
func mainFolder(t *testing.T) string {
	t.Helper()
	dir, err := root()
	if err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(dir, "cmd", "legato")
	return dir
}
