package flow

import (
	"bytes"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// directory makes a file system of files and their text.
func directory(files map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

func flowFile(id, template string) string {
	return "flow: " + id + "\ntrigger: {metric: A}\nsteps:\n  - email: " + template + "\n"
}

func TestLoadReadsFlowsTemplatesAndFeeds(t *testing.T) {
	t.Parallel()
	d, problems := Load(directory(map[string]string{
		"flows/b.yaml":             flowFile("second", "hello"),
		"flows/a.yaml":             flowFile("zeroth", "hello"),
		"flows/a_test.yaml":        "not: a flow",
		"flows/.draft.yaml":        "not: a flow",
		"flows/README.md":          "words",
		"templates/hello.liquid":   "Hello {{ feeds.best[0].title }}",
		"templates/unused.liquid":  "Hello",
		"templates/notes.txt":      "words",
		"feeds/best.yaml":          "feed: best\nproduct: {limit: 2}\n",
		"feeds/journal.yaml":       "feed: journal\nweb: {url: https://shop.example/journal.json}\n",
		"segments/later.yaml":      "not read yet",
		"templates/.swap.liquid":   "x",
		"feeds/journal_test.yaml":  "x",
		"flows/nothing.yaml~":      "x",
		"flows/.hidden/inner.yaml": "x",
	}), "definitions")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var flows []string
	for _, f := range d.Flows {
		flows = append(flows, f.ID+" "+f.File+" "+strings.Join(f.Templates(), ","))
	}
	want := []string{"second definitions/flows/b.yaml hello", "zeroth definitions/flows/a.yaml hello"}
	if diff := cmp.Diff(want, flows); diff != "" {
		t.Error(diff)
	}
	if got := slices.Sorted(maps.Keys(d.Templates)); !slices.Equal(got, []string{"hello", "unused"}) {
		t.Errorf("templates %v", got)
	}
	if got := d.Templates["hello"]; got.File != "definitions/templates/hello.liquid" || !bytes.HasPrefix(got.Source, []byte("Hello")) {
		t.Errorf("template %+v", got)
	}
	if got := slices.Sorted(maps.Keys(d.Feeds)); !slices.Equal(got, []string{"best", "journal"}) {
		t.Errorf("feeds %v", got)
	}
}

func TestLoadChecksDefinitionsAgainstEachOther(t *testing.T) {
	t.Parallel()
	usesFeed := func(_ string, source []byte) []string {
		if bytes.Contains(source, []byte("feeds.bset")) {
			return []string{"bset"}
		}
		return nil
	}
	check := func(_ string, source []byte) Problems {
		if i := bytes.Index(source, []byte("{{ }}")); i >= 0 {
			return Problems{{Line: 2, Column: 3, Message: "an empty output"}}
		}
		return nil
	}
	d, problems := Load(directory(map[string]string{
		"flows/a.yaml":               flowFile("one", "hello"),
		"flows/b.yaml":               flowFile("one", "hello"),
		"flows/c.yaml":               flowFile("two", "helo"),
		"flows/d.yaml":               flowFile("three", "broken"), // it is there; that it is broken is said once
		"flows/e.yaml":               flowFile("four", "something-else"),
		"flows/f.yaml":               "flow: five\n",
		"flows/g.yml":                flowFile("six", "hello"),
		"flows/more/h.yaml":          flowFile("seven", "hello"),
		"templates/hello.liquid":     "Hello",
		"templates/feed.liquid":      "Hello\r\n  {{ feeds.bset[0].title }}\r\n",
		"templates/broken.liquid":    "Hello\n  {{ }}\n",
		"templates/bad name.liquid":  "Hello",
		"templates/latin.liquid":     "\xff",
		"templates/large.liquid":     strings.Repeat("x", maxTemplate+1),
		"feeds/best.yaml":            "feed: best\nproduct: {}\n",
		"feeds/also-best.yaml":       "feed: best\nproduct: {}\n",
		"feeds/not-available-y.yaml": "feed: y\ncoupon: {}\n",
	}), "definitions", LoadOptions{Check: check, Feeds: usesFeed})

	want := `definitions/feeds/best.yaml:1:7: feed best is there already, in definitions/feeds/also-best.yaml
    feed: best
          ^
definitions/feeds/not-available-y.yaml:1:1: a feed needs product or web
    feed: y
    ^
definitions/feeds/not-available-y.yaml:2:1: unknown key "coupon" in a feed
    coupon: {}
    ^
    hint: possible: feed, product, web
definitions/flows/b.yaml:1:7: flow id one is there already, in definitions/flows/a.yaml
    flow: one
          ^
definitions/flows/c.yaml:4:12: there is no template helo
      - email: helo
               ^
    hint: did you mean hello?
definitions/flows/e.yaml:4:12: there is no template something-else
      - email: something-else
               ^
    hint: it would be in definitions/templates/something-else.liquid
definitions/flows/f.yaml:1:1: a flow needs trigger
    flow: five
    ^
    hint: for example trigger: {metric: Added to Cart}
definitions/flows/f.yaml:1:1: a flow needs steps
    flow: five
    ^
definitions/flows/g.yml: the file's name must end in .yaml
definitions/flows/more: folders in flows are not read
definitions/templates/bad name.liquid: a template's name is made of letters, digits, - and _, at most 64
definitions/templates/broken.liquid:2:3: an empty output
      {{ }}
      ^
definitions/templates/feed.liquid:2:6: there is no feed bset
      {{ feeds.bset[0].title }}
         ^
    hint: did you mean best?
definitions/templates/large.liquid: the file is larger than 512 KB
definitions/templates/latin.liquid: the file is not UTF-8 text`
	if diff := cmp.Diff(want, problems.Error()); diff != "" {
		t.Error(diff)
	}
	var flows []string
	for _, f := range d.Flows {
		flows = append(flows, f.ID)
	}
	if !slices.Equal(flows, []string{"one", "three"}) {
		t.Errorf("flows %v", flows)
	}
	if got := slices.Sorted(maps.Keys(d.Templates)); !slices.Equal(got, []string{"hello"}) {
		t.Errorf("templates %v", got)
	}
}

func TestFlowsThatStartEachOtherAreRefusedUnlessSomethingStopsThem(t *testing.T) {
	t.Parallel()
	step := func(id, trigger, step, more string) string {
		return "flow: " + id + "\nstatus: live\ntrigger: " + trigger + "\nsteps: [" + step + "]\n" + more
	}
	for name, test := range map[string]struct {
		files map[string]string
		want  string
		flows int
	}{
		"a circle of three": {map[string]string{
			"flows/a.yaml":           step("a", "{metric: A}", "{track: B}", ""),
			"flows/b.yaml":           step("b", "{metric: B}", "{list: {add: L}}", ""),
			"flows/c.yaml":           step("c", "{list: L}", "{track: A}", "reentry: always\n"),
			"flows/outside.yaml":     step("outside", "{metric: A}", "{track: Z}", ""),
			"templates/hello.liquid": "Hello",
		}, "flows/a.yaml:1:7: these flows start each other in a circle: a → b → c → a\n    flow: a\n          ^\n" +
			"    hint: set reentry of one of them to never or to a duration", 1},
		"messages": {map[string]string{
			"flows/a.yaml":           step("a", "{metric: Opened Email}", "{track: B}", ""),
			"flows/b.yaml":           step("b", "{metric: B}", "{email: hello}", ""),
			"templates/hello.liquid": "Hello",
		}, "flows/a.yaml:1:7: these flows start each other in a circle: a → b → a\n    flow: a\n          ^\n" +
			"    hint: set reentry of one of them to never or to a duration", 0},
		"stopped by reentry": {map[string]string{
			"flows/a.yaml": step("a", "{metric: A}", "{track: B}", ""),
			"flows/b.yaml": step("b", "{metric: B}", "{track: A}", "reentry: 7d\n"),
		}, "flows/a.yaml:1:7: warning: these flows start each other in a circle: a → b → a\n    flow: a\n          ^\n" +
			"    hint: reentry of b ends it", 2},
		"a draft": {map[string]string{
			"flows/a.yaml": step("a", "{metric: A}", "{track: B}", ""),
			"flows/b.yaml": strings.Replace(step("b", "{metric: B}", "{track: A}", ""), "live", "draft", 1),
		}, "flows/a.yaml:1:7: warning: these flows start each other in a circle: a → b → a\n    flow: a\n          ^\n" +
			"    hint: b is a draft; before it goes live, set reentry of one of them to never or to a duration", 2},
		"a draft step": {map[string]string{
			"flows/a.yaml": step("a", "{metric: A}", "{track: B}", ""),
			"flows/b.yaml": step("b", "{metric: B}", "{track: A, status: draft}, {track: C}", ""),
		}, "", 2},
		"no circle": {map[string]string{
			"flows/a.yaml": step("a", "{metric: A}", "{track: B}, {list: {remove: L}}", ""),
			"flows/b.yaml": step("b", "{metric: B}", "{track: C}", ""),
			"flows/c.yaml": step("c", "{list: L}", "{track: A}", ""),
		}, "", 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, problems := Load(directory(test.files), "")
			if diff := cmp.Diff(test.want, problems.Error()); diff != "" {
				t.Error(diff)
			}
			if len(d.Flows) != test.flows {
				t.Errorf("%d flows are left, want %d", len(d.Flows), test.flows)
			}
		})
	}
}

func TestLoadOfAnEmptyDirectoryIsEmpty(t *testing.T) {
	t.Parallel()
	d, problems := Load(fstest.MapFS{}, "definitions")
	if len(problems) > 0 || len(d.Flows)+len(d.Templates)+len(d.Feeds) > 0 {
		t.Errorf("%+v, %v", d, problems)
	}
}

// The story of the sample store stands on these three.
func TestTheSampleFlowsAreWhatTheStoryTells(t *testing.T) {
	t.Parallel()
	d, problems := Load(os.DirFS("../definitions"), "definitions")
	if len(problems) > 0 {
		t.Error(problems)
	}
	read := func(id string) *Flow {
		i := slices.IndexFunc(d.Flows, func(f *Flow) bool { return f.ID == id })
		if i < 0 {
			t.Fatalf("there is no flow %s", id)
		}
		return d.Flows[i]
	}
	cart := read("abandoned-cart").Plan
	if cart.Filter != `not did("Placed Order", since_start)` || cart.Triggers[0].Metric.Metric != "Added to Cart" {
		t.Errorf("abandoned-cart is %+v", cart)
	}
	if birthday := read("birthday").Plan.Date(); birthday.Property != "birthday" || birthday.At != "09:00" ||
		birthday.Timezone != "person" || birthday.Days != 0 {
		t.Errorf("birthday is %+v", birthday)
	}
	if welcome := read("welcome"); welcome.Plan.Triggers[0].List.List != "Newsletter" || welcome.Status != "live" {
		t.Errorf("welcome is %+v", welcome)
	}
}
