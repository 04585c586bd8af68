package graph_test

import (
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/legato-flow/legato/flow/graph"
	"github.com/legato-flow/legato/flow/plan"
)

var update = flag.Bool("update", false, "write what comes out to the golden files")

func step(id, kind, next string, set func(*plan.Step)) plan.Step {
	s := plan.Step{ID: id, Kind: kind, Next: next}
	set(&s)
	return s
}

func email(id, template, next string) plan.Step {
	return step(id, plan.KindEmail, next, func(s *plan.Step) { s.Email = &plan.Email{Template: template} })
}

// cart is a flow as shops have it.
func cart() *plan.Plan {
	return &plan.Plan{
		Flow: "abandoned-cart", Name: "Abandoned cart", Entry: "wait-1",
		Triggers: []plan.Trigger{{Metric: &plan.MetricTrigger{Metric: "Added to Cart", Filter: "event.value >= 20"}}},
		Steps: []plan.Step{
			step("wait-1", plan.KindWait, "where", func(s *plan.Step) { s.Wait = &plan.Wait{Duration: time.Hour} }),
			step("where", plan.KindIf, "late", func(s *plan.Step) {
				s.If = &plan.If{Branches: []plan.Branch{{When: `person.location.country == "United States"`, Next: "us"}}, Else: "world"}
			}),
			email("us", "cart-reminder-us", "late"),
			email("world", "cart-reminder-world", "late"),
			step("late", plan.KindExit, "", func(s *plan.Step) { s.Exit = &plan.Exit{Reason: "reminded"} }),
		},
	}
}

// every has every kind of step, statuses, and paths that meet across branches.
func every() *plan.Plan {
	return &plan.Plan{
		Flow: "every", Name: `Every kind & <"more">`, Entry: "split",
		Triggers: []plan.Trigger{{List: &plan.ListTrigger{List: "Newsletter"}}, {Date: &plan.DateTrigger{Property: "birthday", Days: -7, At: "09:00"}}},
		Steps: []plan.Step{
			step("split", plan.KindSplit, "join", func(s *plan.Step) {
				s.Split = &plan.Split{Branches: []plan.Weighted{{Name: "Discount", Weight: 50, Next: "discount"}, {Weight: 30, Next: "order"}, {Name: "Control", Weight: 20, Next: "join"}}}
			}),
			step("discount", plan.KindExperiment, "points", func(s *plan.Step) {
				s.Name, s.Status = "Which discount", plan.Draft
				s.Experiment = &plan.Experiment{Winner: "clicks", Variants: []plan.Variant{{ID: "a", Weight: 50, Email: &plan.Email{Template: "a"}}, {ID: "b", Weight: 50, Email: &plan.Email{Template: "b"}}}}
			}),
			step("points", plan.KindSwitch, "join", func(s *plan.Step) {
				s.Filter = "person.vip == true"
				s.Switch = &plan.If{Branches: []plan.Branch{{Name: "Gold", When: "person.points > 1000", Next: "hook"}, {When: `person["Favourite Colour"] in ["red", "blue", "yellow"]`, Next: "say"}}, Else: "alert", ElseName: "Everybody else"}
			}),
			step("hook", plan.KindWebhook, "tell", func(s *plan.Step) { s.Webhook = &plan.Webhook{URL: "https://hooks.shop.example/orders"} }),
			step("say", plan.KindSMS, "join", func(s *plan.Step) {
				s.Status, s.SMS = plan.Manual, &plan.SMS{Body: "Hello {{ person.first_name }},\nthere is something for you"}
			}),
			step("alert", plan.KindAlert, "done", func(s *plan.Step) { s.Alert = &plan.Alert{To: []string{"shop@shop.example"}} }),
			step("order", plan.KindWaitFor, "join", func(s *plan.Step) {
				s.WaitFor = &plan.WaitFor{For: []plan.Watch{{Metric: "Placed Order", Filter: "event.value > 10"}, {Condition: "person.vip == true"}}, Timeout: 36 * time.Hour, Then: "tell", Else: "join"}
			}),
			step("tell", plan.KindPush, "join", func(s *plan.Step) { s.Push = &plan.Push{Title: "Thanks"} }),
			step("join", plan.KindWait, "mark", func(s *plan.Step) {
				s.Wait = &plan.Wait{Days: 2, At: "15:00", Weekdays: []string{"monday", "friday"}, Timezone: "Europe/Berlin"}
			}),
			step("mark", plan.KindUpdateProfile, "list", func(s *plan.Step) {
				s.UpdateProfile = &plan.UpdateProfile{Set: []plan.Assignment{{Property: "vip", Value: true}}, Unset: []string{"cart"}}
			}),
			step("list", plan.KindList, "track", func(s *plan.Step) { s.List = &plan.ListChange{List: "Newsletter", Remove: true} }),
			step("track", plan.KindTrack, "", func(s *plan.Step) { s.Track = &plan.Track{Metric: "Flow finished"} }),
			step("done", plan.KindExit, "", func(s *plan.Step) { s.Exit = &plan.Exit{} }),
		},
	}
}

func TestPlansAreDrawn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		plan    *plan.Plan
		options graph.Options
	}{
		"cart":  {cart(), graph.Options{Waiting: map[string]int{"wait-1": 12, "world": 3}}},
		"every": {every(), graph.Options{Status: plan.Manual}},
	} {
		if circle := c.plan.Order(); circle != nil {
			t.Fatal(circle)
		}
		for suffix, got := range map[string]string{".mmd": graph.Mermaid(c.plan, c.options), ".svg": string(graph.SVG(c.plan, c.options))} {
			t.Run(name+suffix, func(t *testing.T) {
				t.Parallel()
				golden := "testdata/" + name + suffix
				if *update {
					if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(golden)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), got); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

// hostile is a plan whose texts try to break out of where they are written.
func hostile() *plan.Plan {
	p := cart()
	p.Name = "</title><script>alert(1)</script>\x00\x01\"]]>\n%% \uFFFE"
	for i := range p.Steps {
		p.Steps[i].Name = strings.Repeat(`"]; click n1 "javascript:alert(1)" <b>`, 10)
	}
	return p
}

func TestPicturesAreWellFormedWhateverTheTextsAre(t *testing.T) {
	t.Parallel()
	for _, p := range []*plan.Plan{cart(), every(), hostile()} {
		decoder := xml.NewDecoder(strings.NewReader(string(graph.SVG(p, graph.Options{}))))
		for {
			token, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if element, ok := token.(xml.StartElement); ok && (element.Name.Local == "script" || element.Name.Local == "b") {
				t.Errorf("%s got into the picture", element.Name.Local)
			}
		}
	}
	for line := range strings.Lines(graph.Mermaid(hostile(), graph.Options{})) {
		if strings.Contains(line, "script>") || strings.Count(line, `"`) > 2 || strings.Contains(line, "%%") && strings.HasPrefix(strings.TrimSpace(line), "%%") {
			t.Errorf("text got out of its quotes: %s", line)
		}
	}
}

func TestEveryStepIsInEveryDrawing(t *testing.T) {
	t.Parallel()
	p := every()
	for name, drawing := range map[string]string{"mermaid": graph.Mermaid(p, graph.Options{}), "svg": string(graph.SVG(p, graph.Options{}))} {
		for i := range p.Steps {
			if !strings.Contains(drawing, p.Steps[i].Label()) {
				t.Errorf("%s: %s is missing", name, p.Steps[i].Label())
			}
		}
	}
}

func TestLargeFlowsAreDrawnQuickly(t *testing.T) {
	t.Parallel()
	p := &plan.Plan{Flow: "large", Name: "Large", Entry: "s0", Triggers: cart().Triggers}
	const steps = 200
	id := func(i int) string {
		if i >= steps {
			return ""
		}
		return fmt.Sprintf("s%d", i)
	}
	for i := range steps {
		p.Steps = append(p.Steps, step(id(i), plan.KindSplit, id(i+1), func(s *plan.Step) {
			s.Split = &plan.Split{}
			for way := range 20 {
				s.Split.Branches = append(s.Split.Branches, plan.Weighted{Weight: 5, Next: id(i + 1 + way*way%50)})
			}
		}))
	}
	start := time.Now()
	if picture := graph.SVG(p, graph.Options{}); len(picture) < 100_000 {
		t.Errorf("the picture has %d bytes", len(picture))
	}
	if took := time.Since(start); took > 30*time.Second { // well under a second on an idle machine
		t.Errorf("it took %s", took)
	}
}
