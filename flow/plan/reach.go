package plan

// Acts says whether the step does something that anybody can notice: sends, or changes data.
func (s *Step) Acts() bool {
	switch s.Kind {
	case KindEmail, KindSMS, KindPush, KindExperiment, KindWebhook, KindAlert, KindUpdateProfile, KindList, KindTrack:
		return true
	default:
		return false
	}
}

// Successors are the steps to which a run can go on from this one.
func (s *Step) Successors() []string {
	var next []string
	branches := func(f *If) {
		for _, branch := range f.Branches {
			next = append(next, branch.Next)
		}
		next = append(next, f.Else)
	}
	switch {
	case s.If != nil:
		branches(s.If)
	case s.Switch != nil:
		branches(s.Switch)
	case s.Split != nil:
		for _, branch := range s.Split.Branches {
			next = append(next, branch.Next)
		}
	case s.WaitFor != nil:
		next = append(next, s.WaitFor.Then, s.WaitFor.Else)
	}
	return append(next, s.Next)
}

// Branches says whether a run leaves the step by one of several ways.
func (s *Step) Branches() bool {
	return s.If != nil || s.Switch != nil || s.Split != nil || s.WaitFor != nil
}

// Channel is the way by which a step's message goes out, or "" for a step that sends none to the person.
func (s *Step) Channel() string {
	switch s.Kind {
	case KindEmail, KindSMS, KindPush:
		return s.Kind
	case KindExperiment:
		for _, v := range s.Experiment.Variants {
			switch {
			case v.Email != nil:
				return ChannelEmail
			case v.SMS != nil:
				return ChannelSMS
			case v.Push != nil:
				return ChannelPush
			}
		}
	}
	return ""
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
