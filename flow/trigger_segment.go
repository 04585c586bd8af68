package flow

import "github.com/legato-flow/legato/flow/plan"

var segmentTrigger = triggerKind{
	Spec: Spec{
		Kind:    plan.TriggerSegment,
		Summary: "A person enters who becomes a member of the segment.",
		Value:   "the segment's name or id",
		Type:    "segment",
		Later:   "there are no segments yet",
		Example: "trigger:\n  segment: VIP\n",
		words:   []string{"segments", "audience", "entered_segment"},
	},
	read: func(r *reader, value *node, _ map[string]*node) plan.Trigger {
		return plan.Trigger{Segment: &plan.SegmentTrigger{Segment: r.string(value, "segment", maxName)}}
	},
}
