package definition

import (
	"encoding/json"
	"sort"

	"github.com/legato-flow/legato/flow/condition"
	"github.com/legato-flow/legato/flow/member"
	"github.com/legato-flow/legato/flow/plan"
)

// nobody is the condition of a path that has none: nobody takes it.
const nobody = "false"

// twoWays reads the links of a split with two ways.
func (r *reader) twoWays(a *member.Object) (yes, no string) {
	links := a.Object("links", false)
	if links == nil {
		return "", ""
	}
	defer links.Done()
	return r.next(links, "next_if_true"), r.next(links, "next_if_false")
}

// conditionalSplit is a question about the person, or for a sample alone a draw.
func (r *reader) conditionalSplit(a, data *member.Object, s *plan.Step) {
	when := or(r.filter(data, "profile_filter", condition.Step), nobody)
	yes, no := r.twoWays(a)
	percent, drawn := condition.Sample(when)
	if !drawn {
		s.Kind, s.If = plan.KindIf, &plan.If{Branches: []plan.Branch{{When: when, Next: yes}}, Else: no}
		return
	}
	if percent <= 0 || percent >= 100 {
		r.Fail(data.At("profile_filter")+"/condition_groups/0/conditions/0/percentage", "percentage must be between 0 and 100: both ways need some people.")
	}
	s.Kind, s.Split = plan.KindSplit, &plan.Split{Branches: []plan.Weighted{{Weight: percent, Next: yes}, {Weight: 100 - percent, Next: no}}}
}

// triggerSplit is a question about the event.
func (r *reader) triggerSplit(a, data *member.Object, s *plan.Step) {
	data.Choice("trigger_type", "date", "list", "low-inventory", "metric", "price-drop", "scheduled", "segment")
	data.Text("trigger_id", false)
	if raw := data.Take("trigger_subtype", false); raw != nil {
		data.Put("trigger_subtype", raw)
		data.Choice("trigger_subtype", "custom-object", "legacy-custom-object", "profile-property", "profile-trait")
	}
	when := or(r.filter(data, "trigger_filter", condition.Trigger), nobody)
	yes, no := r.twoWays(a)
	s.Kind, s.If = plan.KindIf, &plan.If{Branches: []plan.Branch{{When: when, Next: yes}}, Else: no}
}

const maxPaths = 20

// multiBranchSplit takes the first path whose condition holds.
func (r *reader) multiBranchSplit(a, data *member.Object, s *plan.Step) {
	a.Take("links", false)
	r.name(data, s)
	s.Kind, s.Switch = plan.KindSwitch, &plan.If{}
	all := data.List("branches", true)
	if len(all) > maxPaths {
		data.Fail("branches", "A split has at most %d branches.", maxPaths)
		return
	}
	type path struct {
		plan.Branch
		order int
	}
	var paths []path
	others, ids := 0, map[string]bool{}
	for i, raw := range all {
		o := r.Object(raw, data.At("branches")+"/"+itoa(i), false)
		if o == nil {
			continue
		}
		if id := o.Text("branch_id", true); ids[id] {
			o.Fail("branch_id", "There is another branch with the id %q.", clip(id))
		} else {
			ids[id] = true
		}
		p := path{order: i}
		if o.Has("order") {
			p.order = o.Whole("order", 0)
		}
		p.Name = r.text(o, "name", false, 200)
		links := o.Object("links", false)
		p.Next = r.next(links, "next")
		if links != nil {
			links.Done()
		}
		otherwise := o.Switch("is_else", false)
		p.When = r.filter(o, "branch_filter", condition.Step)
		switch {
		case otherwise && p.When != "":
			o.Fail("branch_filter", "The branch for everyone else has no filter.")
		case otherwise:
			if others++; others > 1 {
				o.Fail("is_else", "There is one branch for everyone else.")
			}
			s.Switch.Else, s.Switch.ElseName = p.Next, p.Name
		default:
			p.When = or(p.When, nobody)
			paths = append(paths, p)
		}
		o.Done()
	}
	if len(paths) == 0 && !data.Failed {
		data.Fail("branches", "A split needs a branch besides that for everyone else.")
	}
	sort.SliceStable(paths, func(i, j int) bool { return paths[i].order < paths[j].order })
	for _, p := range paths {
		s.Switch.Branches = append(s.Switch.Branches, p.Branch)
	}
}

// split shows a step with branches, or nothing where the API has no words for it.
func (w *writer) split(s *plan.Step) (kind string, data, links map[string]any) {
	two := func(yes, no string) map[string]any {
		return map[string]any{"next_if_true": w.link(yes), "next_if_false": w.link(no)}
	}
	switch {
	case s.Split != nil && len(s.Split.Branches) == 2 && whole(s.Split.Branches[0].Weight) && s.Split.Branches[0].Weight+s.Split.Branches[1].Weight == 100:
		yes, no := s.Split.Branches[0], s.Split.Branches[1]
		filter := condition.Filter{Groups: []condition.Group{{Conditions: []any{map[string]any{"type": "profile-sample", "percentage": yes.Weight}}}}}
		return "conditional-split", map[string]any{"profile_filter": filter}, two(yes.Next, no.Next)
	case s.If != nil && len(s.If.Branches) == 1:
		yes := s.If.Branches[0]
		filter := w.filter(yes.When)
		if f, _ := filter.(*condition.Filter); condition.EventOnly(f) {
			kind, id := w.triggerOf()
			data := map[string]any{"trigger_type": kind, "trigger_id": id, "trigger_subtype": nil, "trigger_filter": filter}
			if kind == "date" {
				data["trigger_subtype"] = "profile-property"
			}
			return "trigger-split", data, two(yes.Next, s.If.Else)
		}
		return "conditional-split", map[string]any{"profile_filter": filter}, two(yes.Next, s.If.Else)
	case s.If != nil:
		return "multi-branch-split", w.paths(s, s.If), nil
	case s.Switch != nil:
		return "multi-branch-split", w.paths(s, s.Switch), nil
	}
	return "", nil, nil
}

func (w *writer) paths(s *plan.Step, f *plan.If) map[string]any {
	var branches []any
	add := func(name, next string, filter any, otherwise bool) {
		branches = append(branches, map[string]any{
			"branch_id": "b" + itoa(len(branches)+1), "order": len(branches), "is_else": otherwise, "name": text(name),
			"branch_filter": filter, "links": map[string]any{"next": w.link(next)},
		})
	}
	for _, b := range f.Branches {
		add(b.Name, b.Next, w.filter(b.When), false)
	}
	add(f.ElseName, f.Else, nil, true)
	return map[string]any{"name": s.Name, "branches": branches}
}

func whole(x float64) bool { return x == float64(int(x)) }

// raw is JSON of what is made of maps, lists, text and numbers only.
func raw(v any) json.RawMessage {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}
