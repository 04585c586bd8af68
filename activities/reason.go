package activities

import "github.com/legato-flow/legato/store"

// Why a step was skipped, failed or held, in the words that users of such systems know. A skip is final for
// that step: it is never tried again, and the run goes on.
const (
	ReasonFlowFilter   = "Fails Flow Filters"
	ReasonStepFilter   = "Fails Additional Filters"
	ReasonNotInList    = "Person No Longer in List"
	ReasonDeleted      = "Person Deleted"
	ReasonActionGone   = "Action Deleted"
	ReasonNoEmail      = "Missing Email"
	ReasonSuppressed   = "Person Suppressed"
	ReasonDuplicate    = "Duplicate Email" // this very message went to the same address by way of another profile
	ReasonCap          = "Smart Sending"   // they had a message of the channel a short time ago
	ReasonQuietHours   = "Quiet Hours"
	ReasonCancelled    = store.CancelledReason
	ReasonTemplate     = "Email Syntax Error"
	ReasonInvalidFrom  = "Invalid From Email"
	ReasonExternalData = "Error Retrieving External Data"
	ReasonUnable       = "Unable to Send Email"
	ReasonUnknown      = "Delivery Unknown" // the mail server's answer never came: sending again might send twice
	ReasonExpression   = "Expression Error"
	ReasonExitOn       = "Exit On"      // followed by what happened
	ReasonBefore       = "Before Entry" // the run was placed where it would be, and this lies behind it
	ReasonEntryFilter  = "Fails Flow Filters at Entry"
)

// Why an acting step failed, and how a run ends that its failed step ends.
const (
	ReasonNoAlert       = "Unable to Send Alert"
	ReasonWebhook       = "Webhook Failed"
	ReasonWebhookSyntax = "Webhook Syntax Error"
	ReasonNoList        = "List Not Found"
	ReasonStepFailed    = "Step Failed" // followed by the step
)
