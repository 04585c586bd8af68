package arch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/legato-flow/legato"

// layer says what packages may import of ours. Patterns are paths below the module; "x/..." is x and all below.
type layer struct {
	packages []string
	may      []string
	why      string
}

// foundation is what every package above the leaves may use.
var foundation = []string{"internal/clock", "internal/telemetry"}

// layers is how imports flow, a row per duty. A package is judged by the first row that names it.
var layers = []layer{
	{packages: []string{"flow/plan"},
		why: "the plan is the seam between writing and running a flow: plain data that workflows replay"},
	{packages: []string{"expression", "content", "channel", "migrations"},
		why: "a leaf can be read, tested and replaced alone"},
	{packages: []string{"internal/clock", "internal/config", "internal/payload", "internal/telemetry", "internal/arch"},
		why: "what everything stands on stands on nothing"},
	{packages: []string{"channel/..."}, may: []string{"channel"},
		why: "a way out knows messages, not who sends them or why"},
	{packages: []string{"flow/member"},
		why: "how a JSON body is read has nothing to do with what is in it"},
	{packages: []string{"flow/condition", "flow/definition"}, may: []string{"flow", "flow/condition", "flow/member", "flow/plan", "expression"},
		why: "they translate between the API's JSON and plans; rows and HTTP are for whoever asks"},
	{packages: []string{"flow/export", "flow/graph"}, may: []string{"flow/plan"},
		why: "they show a plan, whoever made it and from what"},
	{packages: []string{"flow/schema"}, may: []string{"flow", "expression"},
		why: "it describes the language from the specs that the parser itself goes by"},
	{packages: []string{"flow", "flow/program"}, may: []string{"flow/plan", "expression"},
		why: "flow turns text into a plan; templates and rows are checked by whoever loads them"},
	{packages: []string{"flow/apply"}, may: []string{"flow", "flow/plan", "store"},
		why: "applying carries checked definitions into the store, and that is all"},
	{packages: []string{"store"}, may: []string{"flow/plan", "expression", "migrations"},
		why: "the store remembers and must not know who asks"},
	{packages: []string{"workflows"}, may: []string{"flow/plan"},
		why: "workflow code is replayed and must come out the same: plain data only, all effects are activities"},
	{packages: []string{"activities"}, may: append([]string{"store", "content", "channel/...", "expression", "flow/...", "workflows"}, foundation...),
		why: "activities have the effects, and know neither HTTP nor how the worker is tuned"},
	{packages: []string{"ingest"}, may: append([]string{"store", "flow/...", "expression", "workflows"}, foundation...),
		why: "taking events in is the same whoever brings them"},
	{packages: []string{"worker"}, may: append([]string{"workflows", "activities", "ingest", "store", "flow/...", "expression", "content", "channel/..."}, foundation...),
		why: "the worker assembles what runs flows; HTTP is another process's duty"},
	{packages: []string{"simulate"}, may: append([]string{"activities", "ingest", "store", "content", "flow", "flow/...", "expression", "workflows", "migrations", "channel/email", "channel/webhook"}, foundation...),
		why: "a simulation is the parts of the worker without Temporal, and with recorders for what would go out"},
	{packages: []string{"api/..."}, may: append([]string{"api/...", "ingest", "store", "flow/...", "expression", "channel/consent"}, foundation...),
		why: "a handler checks, calls ingest or store, and answers; sending is a worker's duty (channel/consent only reads the links in messages)"},
	{packages: []string{"web/..."}, may: append([]string{"web/...", "store", "flow/...", "expression"}, foundation...),
		why: "pages show what the store knows"},
	{packages: []string{"internal/testkit", "dev/...", "bench/..."}, may: []string{"..."},
		why: "they set up the whole"},
	{packages: []string{"cmd/..."}, may: []string{"...", "cmd/..."},
		why: "commands tie the parts together"},
}

// users says who alone may import a package, in code that is not a test.
var users = []layer{
	{packages: []string{"cmd/..."}, may: []string{"cmd/..."},
		why: "commands are the top: what two of them share belongs below"},
	{packages: []string{"worker"}, may: []string{"cmd/...", "dev/...", "bench/...", "internal/testkit"},
		why: "whoever imports the worker carries everything"},
	{packages: []string{"internal/config"}, may: []string{"cmd/...", "dev/...", "bench/..."},
		why: "a package is given the values it needs and does not read the environment"},
	{packages: []string{"dev/..."}, may: []string{"cmd/...", "dev/...", "bench/...", "internal/testkit"},
		why: "production code must not lean on what development starts"},
	{packages: []string{"internal/testkit"}, may: []string{"dev/...", "bench/..."},
		why: "it drops and makes databases"},
}

// pure lists packages whose code runs inside workflows, with what it may not import of the standard library.
var pure = []string{"workflows", "flow/plan"}

var impure = map[string]string{
	"net/...":        "workflow code has no I/O; call an activity",
	"os/...":         "workflow code has no I/O; call an activity",
	"io/fs":          "workflow code has no I/O; call an activity",
	"database/...":   "workflow code has no I/O; call an activity",
	"math/rand/...":  "a replay would draw other numbers; take the choice in an activity",
	"crypto/rand":    "a replay would draw other numbers; take the choice in an activity",
	"log/...":        "it would log again at every replay; use workflow.GetLogger",
	"sync/...":       "the SDK schedules workflow code; use workflow.Channel or workflow.Mutex",
	"runtime/...":    "the answer differs between machines",
	"github.com/...": "only Temporal's SDK has a say in how a workflow runs",
}

// impureTime are the functions of package time that read or wait for the machine's clock.
var impureTime = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}

// pkg is what go list says of a package.
type pkg struct {
	ImportPath string
	Name       string
	Dir        string
	GoFiles    []string
	Imports    []string
}

// short is the path below the module.
func (p pkg) short() string { return below(p.ImportPath) }

func below(importPath string) string {
	if importPath == module {
		return "."
	}
	return strings.TrimPrefix(importPath, module+"/")
}

func ours(importPath string) bool {
	return importPath == module || strings.HasPrefix(importPath, module+"/")
}

// matches reports whether the pattern covers the path. "..." alone covers everything but cmd.
func matches(pattern, p string) bool {
	if pattern == "..." {
		return !matches("cmd/...", p)
	}
	if base, ok := strings.CutSuffix(pattern, "/..."); ok {
		return p == base || strings.HasPrefix(p, base+"/")
	}
	return p == pattern
}

func matchesAny(patterns []string, p string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return matches(pattern, p) })
}

// judge gives what is wrong with from importing to, or nothing.
func judge(from, to string) []string {
	var wrong []string
	if i := slices.IndexFunc(layers, func(l layer) bool { return matchesAny(l.packages, from) }); i < 0 {
		wrong = append(wrong, from+" has no row in layers (internal/arch/imports_test.go); say there what it may import and why")
	} else if !matchesAny(layers[i].may, to) {
		wrong = append(wrong, fmt.Sprintf("%s imports %s, but %s", from, to, layers[i].why))
	}
	for _, u := range users {
		if matchesAny(u.packages, to) && !matchesAny(u.may, from) && !matchesAny(u.packages, from) {
			wrong = append(wrong, fmt.Sprintf("%s imports %s, but %s", from, to, u.why))
		}
	}
	return wrong
}

var root = sync.OnceValues(func() (string, error) {
	out, err := command("", "go", "list", "-m", "-f", "{{.Dir}}")
	return strings.TrimSpace(string(out)), err
})

// packages lists ours, also those that do not build at the moment.
var packages = sync.OnceValues(func() ([]pkg, error) {
	dir, err := root()
	if err != nil {
		return nil, err
	}
	out, err := command(dir, "go", "list", "-e", "-json=ImportPath,Name,Dir,GoFiles,Imports", "./...")
	if err != nil {
		return nil, err
	}
	var all []pkg
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
})

func command(dir, name string, args ...string) ([]byte, error) {
	var stderr bytes.Buffer
	c := exec.Command(name, args...)
	c.Dir, c.Stderr = dir, &stderr
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, stderr.Bytes())
	}
	return out, nil
}

func allPackages(t *testing.T) []pkg {
	t.Helper()
	all, err := packages()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 5 {
		t.Fatalf("go list found only %d packages", len(all))
	}
	return all
}

func TestImportsGoOneWay(t *testing.T) {
	t.Parallel()
	for _, p := range allPackages(t) {
		for _, imported := range p.Imports {
			if !ours(imported) {
				continue
			}
			for _, wrong := range judge(p.short(), below(imported)) {
				t.Error(wrong)
			}
		}
	}
}

func TestWorkflowCodeCanBeReplayed(t *testing.T) {
	t.Parallel()
	for _, p := range allPackages(t) {
		if !slices.Contains(pure, p.short()) {
			continue
		}
		for _, imported := range p.Imports {
			for pattern, why := range impure {
				if matches(pattern, imported) && !ours(imported) {
					t.Errorf("%s imports %s, but %s", p.short(), imported, why)
				}
			}
		}
		for _, name := range p.GoFiles {
			file := token.NewFileSet()
			tree, err := parser.ParseFile(file, filepath.Join(p.Dir, name), nil, 0)
			if err != nil {
				t.Error(err)
				continue
			}
			for _, call := range clockReads(tree) {
				t.Errorf("%s:%d: %s/%s reads the machine's clock with time.%s, and a replay would see another time; use workflow.Now, or take the time as a parameter",
					name, file.Position(call.Pos()).Line, p.short(), name, call.Sel.Name)
			}
		}
	}
}

// clockReads finds uses of impureTime, also of those that are passed on uncalled.
func clockReads(tree *ast.File) []*ast.SelectorExpr {
	var found []*ast.SelectorExpr
	ast.Inspect(tree, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains(impureTime, s.Sel.Name) {
				found = append(found, s)
			}
		}
		return true
	})
	return found
}

func TestJudgeKnowsTheRules(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		from, to string
		allowed  bool
	}{
		{"workflows", "flow/plan", true},
		{"workflows", "store", false},
		{"workflows", "internal/clock", false},
		{"flow/plan", "expression", false},
		{"channel/email", "channel", true},
		{"channel/email", "store", false},
		{"store", "api", false},
		{"activities", "channel/email", true},
		{"activities", "worker", false},
		{"ingest", "internal/telemetry", true},
		{"ingest", "internal/config", false},
		{"api", "internal/testkit", false},
		{"store", "dev/postgres", false},
		{"dev/postgres", "dev/inbox", true},
		{"dev/story", "cmd/legato/cli", false},
		{"cmd/legato", "cmd/legato/cli", true},
		{"cmd/legato/cli", "worker", true},
		{"somewhere/new", "store", false},
	} {
		if wrong := judge(test.from, test.to); (len(wrong) == 0) != test.allowed {
			t.Errorf("%s imports %s: %q", test.from, test.to, wrong)
		}
	}
	tree, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x\nimport \"time\"\nvar now = time.Now\nfunc f() { time.Sleep(time.Second) }", 0)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(clockReads(tree)); n != 2 {
		t.Errorf("%d reads of the clock found, not 2", n)
	}
}
