package workflows

import "go.temporal.io/sdk/temporal"

// Search attributes of a cohort, all keywords. The Temporal server must know them before a cohort starts;
// worker.EnsureAttributes creates those it lacks.
var (
	FlowID      = temporal.NewSearchAttributeKeyKeyword("FlowID")
	FlowVersion = temporal.NewSearchAttributeKeyKeyword("FlowVersion") // the plan's hash
	FlowStatus  = temporal.NewSearchAttributeKeyKeyword("FlowStatus")  // only of cohorts of engine 1: Temporal has a status of its own
	ProfileID   = temporal.NewSearchAttributeKeyKeyword("ProfileID")   // only of a cohort of one
)
