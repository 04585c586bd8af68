package plan

// Acts says whether the step does something that anybody can notice: sends, or changes data.
func (s *Step) Acts() bool {
	switch s.Kind {
	case KindEmail, KindUpdateProfile:
		return true
	default:
		return false
	}
}

// Successors are the steps to which a run can go on from this one.
func (s *Step) Successors() []string {
	if s.If == nil {
		return []string{s.Next}
	}
	next := make([]string, 0, len(s.If.Branches)+2)
	for _, branch := range s.If.Branches {
		next = append(next, branch.Next)
	}
	return append(next, s.If.Else, s.Next)
}

// ActsAfter says whether a live action can be reached from the step of that id, itself not counted. A wait with
// none after it is not worth waiting for: the run ends at once.
func (p *Plan) ActsAfter(id string) bool {
	acts := make(map[string]bool, len(p.Steps)) // by step id: it or something after it acts
	for i := len(p.Steps) - 1; i >= 0; i-- {
		step := &p.Steps[i]
		after := false
		for _, next := range step.Successors() {
			after = after || acts[next]
		}
		if step.ID == id {
			return after
		}
		acts[step.ID] = after || step.Acts() && step.Status != Draft
	}
	return false
}
