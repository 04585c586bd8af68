package simulate_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"testing/fstest"
	"time"

	"github.com/legato-flow/legato/activities"
	"github.com/legato-flow/legato/content"
	"github.com/legato-flow/legato/flow"
	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/internal/testkit"
	"github.com/legato-flow/legato/simulate"
)

// standard are the settings that a worker has unless it is told others.
var standard = simulate.Settings{
	Caps:  map[string]time.Duration{plan.ChannelEmail: 16 * time.Hour, plan.ChannelSMS: 24 * time.Hour, plan.ChannelPush: 24 * time.Hour},
	Quiet: map[string]activities.QuietHours{plan.ChannelSMS: {From: "21:00", Till: "08:00"}},
}

// scratch is one for the test alone.
func scratch(t *testing.T, url string) *simulate.Scratch {
	t.Helper()
	s, err := simulate.OpenScratch(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// shipped are the definitions that come with Legato.
func shipped(t *testing.T) (*flow.Definitions, string) {
	t.Helper()
	root, err := testkit.Root()
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(root, "definitions")
	engine := content.New(content.Options{})
	d, problems := flow.Load(os.DirFS(folder), folder, flow.LoadOptions{Feeds: func(name string, source []byte) []string {
		parsed, err := engine.Parse(name, source)
		if err != nil {
			t.Fatal(err)
		}
		return parsed.Feeds()
	}})
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return d, folder
}

func TestTheFlowsThatShipPassTheirTests(t *testing.T) {
	t.Parallel()
	d, folder := shipped(t)
	s := scratch(t, testkit.DatabaseURL(t))
	for _, f := range d.Flows {
		file := filepath.Join(folder, "flows", f.ID+"_test.yaml")
		data, err := os.ReadFile(file)
		if err != nil {
			t.Errorf("flow %s has no tests: %v", f.ID, err)
			continue
		}
		tests, problems := simulate.ReadFile(file, data)
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		verdicts, err := tests.Test(t.Context(), s, simulate.Options{Definitions: d, Settings: standard}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range verdicts {
			t.Logf("%s: %s (%s)", v.Flow, v.Name, v.Took)
			for _, failure := range v.Failures {
				t.Errorf("%s: %s\n%s", v.Flow, v.Name, failure)
			}
		}
	}
}

func TestExpectedMessagesHaveTheParametersThatLinksGet(t *testing.T) {
	t.Parallel()
	d, problems := flow.Load(fstest.MapFS{
		"flows/two.yaml":          {Data: []byte("flow: two\ntrigger: {metric: Added to Cart}\nsteps: [{email: letter}, {email: {template: letter, parameters: {ref: two}}}]\n")},
		"templates/letter.liquid": {Data: []byte("---\nsubject: Tea\n---\n<a href=\"https://shop.example/tea\">Tea</a>\n")},
	}, "x")
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	s := scratch(t, testkit.DatabaseURL(t))
	const given = "account: {caps: {email: off}%s}\ntests: [{name: a, given: {email: a@example.com}, events: [{metric: Added to Cart}], expect: {messages: %s}}]\n"
	const settings = ", tracking: {auto_add_parameters: true, utm_source: {flow: {type: static, value: shop}}, utm_campaign: {flow: {type: dynamic, value: flow_id}}, custom_parameters: [{name: who}, {name: me, flow: {type: dynamic, value: message_name}}]}"
	for account, messages := range map[string]string{
		"":       `[{lacks: utm_, contains: '"https://shop.example/tea"'}, {contains: ['"https://shop.example/tea?utm_source=legato&amp;utm_medium=email&amp;ref=two"', '(https://shop.example/tea?utm_source=legato&utm_medium=email&ref=two)']}]`,
		settings: `[{contains: '/tea?utm_source=shop&amp;utm_medium=email&amp;utm_campaign=two&amp;me=email-letter"'}, {contains: '&amp;me=email-letter-2&amp;ref=two"'}]`,
	} {
		tests, problems := simulate.ReadFile("two_test.yaml", fmt.Appendf(nil, "flow: two\n"+given, account, messages))
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		verdicts, err := tests.Test(t.Context(), s, simulate.Options{Definitions: d, Settings: standard}, nil)
		if err != nil || len(verdicts) != 1 {
			t.Fatal(verdicts, err)
		}
		for _, failure := range verdicts[0].Failures {
			t.Errorf("%s: %s", account, failure)
		}
	}
}

func TestTheFlowInTheGuideToLinksSendsWhatItsTestSays(t *testing.T) {
	t.Parallel()
	root, err := testkit.Root()
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(root, "docs", "guide", "links.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(page, -1)
	if len(blocks) != 2 {
		t.Fatalf("%d blocks", len(blocks))
	}
	d, problems := flow.Load(fstest.MapFS{
		"flows/tea.yaml":       {Data: blocks[0][1]},
		"templates/tea.liquid": {Data: []byte("---\nsubject: Tea\n---\n<a href=\"https://shop.example/tea#pots\">Tea</a>\n")},
	}, "x")
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	tests, problems := simulate.ReadFile("tea_test.yaml", blocks[1][1])
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	verdicts, err := tests.Test(t.Context(), scratch(t, testkit.DatabaseURL(t)), simulate.Options{Definitions: d, Settings: standard}, nil)
	if err != nil || len(verdicts) != 1 {
		t.Fatal(verdicts, err)
	}
	for _, failure := range verdicts[0].Failures {
		t.Error(failure)
	}
}

func TestSettingsOfTheShopKeepMessagesBack(t *testing.T) {
	t.Parallel()
	d, _ := written(t, "flow: two\ntrigger: {metric: Added to Cart}\nsteps: [{email: letter}, {wait: 1h}, {email: {template: letter}}]\n")
	s := scratch(t, testkit.DatabaseURL(t))
	const given = "tests: [{name: a, given: {email: a@example.com}, at: 2026-03-02T20:00:00Z, events: [{metric: Added to Cart}], expect: {messages: %s}}]\n"
	for account, messages := range map[string]string{
		"":                                "[{at: 0m}]", // the second comes too soon
		"account: {caps: {email: off}}\n": "[{at: 0m}, {at: 1h}]",
		"account: {caps: {email: 30m}}\n": "[{at: 0m}, {at: 1h}]",
		"account: {caps: {email: off}, quiet_hours: {email: \"20:30-08:00\"}}\n": "[{at: 0m}, {at: 12h}]",
	} {
		tests, problems := simulate.ReadFile("two_test.yaml", []byte("flow: two\n"+account+fmt.Sprintf(given, messages)))
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		verdicts, err := tests.Test(t.Context(), s, simulate.Options{Definitions: d, Settings: standard}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range verdicts {
			for _, failure := range v.Failures {
				t.Errorf("%s: %s", account, failure)
			}
		}
	}
}
