package plan

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// linked makes a plan of a few letters: "a:bc" is a step a with the ways b and, after it, c; a dot is the end.
func linked(steps ...string) *Plan {
	p := &Plan{}
	for _, s := range steps {
		id, ways, _ := strings.Cut(s, ":")
		step := Step{ID: id, Kind: KindSplit, Split: &Split{}}
		for _, way := range strings.Split(ways, "") {
			step.Split.Branches = append(step.Split.Branches, Weighted{Next: strings.Trim(way, ".")})
		}
		last := len(step.Split.Branches) - 1
		step.Next, step.Split.Branches = step.Split.Branches[last].Next, step.Split.Branches[:last]
		p.Steps = append(p.Steps, step)
	}
	p.Entry = p.Steps[0].ID
	return p
}

func ids(p *Plan) string {
	var b strings.Builder
	for _, s := range p.Steps {
		b.WriteString(s.ID)
	}
	return b.String()
}

func TestOrderIsThatInWhichStepsAreWritten(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		steps []string
		want  string
	}{
		"a sequence":                       {[]string{"a:b", "b:c", "c:."}, "abc"},
		"branches, then what follows them": {[]string{"a:bdf", "b:c", "c:f", "d:e", "e:f", "f:."}, "abcdef"},
		"an empty branch":                  {[]string{"a:bc", "b:c", "c:."}, "abc"},
		"a branch in a branch":             {[]string{"a:bef", "b:cd", "c:d", "d:f", "e:f", "f:."}, "abcdef"},
		"a link from a later branch":       {[]string{"a:bd.", "b:c", "d:c", "c:."}, "abdc"},
		"a link to an earlier branch":      {[]string{"a:bdf", "b:c", "c:f", "d:c", "f:."}, "abdcf"},
		"ends of their own":                {[]string{"a:bcd", "b:.", "c:.", "d:."}, "abcd"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(20) {
				p := linked(c.steps...)
				rand.New(rand.NewPCG(seed, 0)).Shuffle(len(p.Steps), func(i, j int) { p.Steps[i], p.Steps[j] = p.Steps[j], p.Steps[i] })
				if circle := p.Order(); circle != nil || ids(p) != c.want {
					t.Fatalf("%s, circle %v, want %s", ids(p), circle, c.want)
				}
			}
		})
	}
}

func TestOrderFindsCircles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		steps []string
		want  []string
	}{
		{[]string{"a:a"}, []string{"a"}},
		{[]string{"a:b", "b:c", "c:b"}, []string{"b", "c"}},
		{[]string{"a:bc", "b:.", "c:d", "d:a"}, []string{"a", "c", "d"}},
		{[]string{"a:.", "b:c", "c:b"}, []string{"c", "b"}},
	} {
		p := linked(c.steps...)
		before := ids(p)
		if got := p.Order(); !slices.Equal(got, c.want) || ids(p) != before {
			t.Errorf("%v: circle %v, order %s", c.steps, got, ids(p))
		}
	}
}

func TestOrderPassesOverLinksToNothing(t *testing.T) {
	t.Parallel()
	p := linked("b:c", "a:bz", "c:.")
	p.Entry = "a"
	if circle := p.Order(); circle != nil || ids(p) != "abc" {
		t.Errorf("%s, %v", ids(p), circle)
	}
}
