package workflows

import "go.temporal.io/sdk/temporal"

// Search attributes of a cohort, all keywords. The Temporal server must know them before a cohort starts;
// worker.EnsureAttributes creates those it lacks.
var (
	FlowID      = temporal.NewSearchAttributeKeyKeyword("FlowID")
	FlowVersion = temporal.NewSearchAttributeKeyKeyword("FlowVersion") // the plan's hash
	FlowStatus  = temporal.NewSearchAttributeKeyKeyword("FlowStatus")
	ProfileID   = temporal.NewSearchAttributeKeyKeyword("ProfileID") // only of a cohort of one
)

// Values of FlowStatus.
const (
	StatusActive = "active"
	StatusDone   = "done"
)
