package flow

import (
	"math"
	"strconv"

	"github.com/legato-flow/legato/flow/plan"
)

const maxVariants = 20

var weightField = Field{Name: "weight", Type: "number", Required: true, Example: "50", Summary: "The share of people, in percent. All weights add up to 100."}

var splitFields = []Field{
	weightField,
	{Name: "name", Type: "text", Example: "A", Summary: "What people see of the path."},
	{Name: "then", Type: "steps", Required: true, Example: "[]", Summary: "The path."},
}

var splitStep = stepKind{
	Spec: Spec{
		Kind:    plan.KindSplit,
		Summary: "Takes a path at random. The same run takes the same path whenever it is asked.",
		Many:    true, Min: 2, Max: maxVariants,
		Fields: splitFields,
		Example: "split:\n  - weight: 80\n    name: Discount\n    then: [{email: discount}]\n" +
			"  - weight: 20\n    name: Control\n    then: []\n",
		words: []string{"random", "random_split", "ab", "ab_test", "percent"},
	},
	read: func(r *steps, s *step, value *node, _ map[string]*node) {
		s.Split = &plan.Split{}
		r.branching(func() {
			all := r.branches(value, "split", "weight", 2, maxVariants, splitFields)
			s.Split.Branches = make([]plan.Weighted, len(all)) // paths point into it
			weights := weights{}
			for i, found := range all {
				branch := &s.Split.Branches[i]
				branch.Weight = weights.read(r.reader, found["weight"])
				if n := found["name"]; n != nil {
					branch.Name = r.string(n, "name", maxName)
				}
				r.path(s, &branch.Next, found["then"], "then")
			}
			weights.check(r.reader, value, "a split", len(all))
		})
	},
}

// weights adds up percents.
type weights struct {
	sum  float64
	good int
}

// read reads a percent. A missing one is reported already.
func (w *weights) read(r *reader, n *node) float64 {
	if n == nil || n.shape == unreadable {
		return 0
	}
	percent, err := strconv.ParseFloat(n.text, 64)
	if n.shape != number || err != nil {
		r.fail(n, "for example 50", "weight must be a number, not %s", describe(n))
		return 0
	}
	if percent <= 0 || percent > 100 {
		r.fail(n, "", "weight is in percent, more than 0 and at most 100, not %s", n.text)
		return 0
	}
	w.sum += percent
	w.good++
	return percent
}

// check reports weights that do not add up, if all count of them could be read.
func (w *weights) check(r *reader, n *node, what string, count int) {
	if count > 0 && w.good == count && !whole100(w.sum) {
		r.fail(n, "", "the weights of %s add up to 100 percent, not %s", what, percent(w.sum))
	}
}

// whole100 says whether percents add up, but for the rounding of 33.3 and the like.
func whole100(sum float64) bool { return math.Abs(sum-100) < 1e-6 }

func percent(sum float64) string {
	return strconv.FormatFloat(math.Round(sum*1e6)/1e6, 'f', -1, 64)
}

// describe shows what stands somewhere instead of what should.
func describe(n *node) string {
	if n.shape == mapping || n.shape == list || n.text == "" {
		return n.shape.String()
	}
	return quoted(n.text)
}
