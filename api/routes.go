package api

import (
	"net/http"

	"github.com/legato-flow/legato/flow/plan"
	"github.com/legato-flow/legato/store"
)

// route is one operation.
type route struct {
	pattern string // method and path, as net/http's
	scope   scope
	handle  handler
}

// handler answers a request, or returns the error to answer with.
type handler func(a *api, w http.ResponseWriter, r *http.Request) error

// routes is the whole HTTP surface.
func (a *api) routes() []route {
	return []route{
		// Events and what they are of
		{"POST /api/events", "events:write", (*api).createEvent},
		{"POST /api/event-bulk-create-jobs", "events:write", (*api).createEvents},
		{"GET /api/events", "events:read", a.events.list},
		{"GET /api/events/{id}", "events:read", a.events.one},
		{"GET /api/events/{id}/profile", "events:read profiles:read", a.events.relate(eventProfile, true)},
		{"GET /api/events/{id}/metric", "events:read metrics:read", a.events.relate(eventMetric, true)},
		{"GET /api/events/{id}/relationships/profile", "events:read profiles:read", a.events.relate(eventProfile, false)},
		{"GET /api/events/{id}/relationships/metric", "events:read metrics:read", a.events.relate(eventMetric, false)},
		{"GET /api/metrics", "metrics:read", a.metrics.list},
		{"GET /api/metrics/{id}", "metrics:read", a.metrics.one},
		{"POST /api/metric-aggregates", "metrics:read", (*api).aggregate},
		{"POST /api/custom-metrics", "metrics:write", (*api).createCustomMetric},
		{"GET /api/custom-metrics", "metrics:read", a.customs.list},
		{"GET /api/custom-metrics/{id}", "metrics:read", a.customs.one},
		{"PATCH /api/custom-metrics/{id}", "metrics:write", (*api).updateCustomMetric},
		{"DELETE /api/custom-metrics/{id}", "metrics:write", (*api).deleteCustomMetric},
		{"GET /api/custom-metrics/{id}/metrics", "metrics:read", metricsOfCustom(true)},
		{"GET /api/custom-metrics/{id}/relationships/metrics", "metrics:read", metricsOfCustom(false)},
		{"GET /api/mapped-metrics", "metrics:read", a.mapped.list},
		{"GET /api/mapped-metrics/{id}", "metrics:read", a.mapped.one},
		{"PATCH /api/mapped-metrics/{id}", "metrics:write", (*api).updateMappedMetric},
		{"GET /api/mapped-metrics/{id}/metric", "metrics:read", a.mapped.relate(mappedMetric, true)},
		{"GET /api/mapped-metrics/{id}/relationships/metric", "metrics:read", a.mapped.relate(mappedMetric, false)},
		{"GET /api/mapped-metrics/{id}/custom-metric", "metrics:read", a.mapped.relate(mappedCustom, true)},
		{"GET /api/mapped-metrics/{id}/relationships/custom-metric", "metrics:read", a.mapped.relate(mappedCustom, false)},
		{"GET /api/metrics/{id}/metric-properties", "metrics:read", propertiesOfMetric(true)},
		{"GET /api/metrics/{id}/relationships/metric-properties", "metrics:read", propertiesOfMetric(false)},
		{"GET /api/metric-properties/{id}", "metrics:read", a.metricPropertyDetail.one},
		{"GET /api/metric-properties/{id}/metric", "metrics:read", a.metricProperties.relate(propertyMetric, true)},
		{"GET /api/metric-properties/{id}/relationships/metric", "metrics:read", a.metricProperties.relate(propertyMetric, false)},

		// Profiles
		{"POST /api/profiles", "profiles:write", (*api).createProfile},
		{"GET /api/profiles", "profiles:read", a.profiles.list},
		{"GET /api/profiles/{id}", "profiles:read", a.profile.one},
		{"PATCH /api/profiles/{id}", "profiles:write", (*api).updateProfile},
		{"POST /api/profile-import", "profiles:write", (*api).importProfile},
		{"POST /api/profile-merge", "profiles:write", (*api).mergeProfiles},
		{"GET /api/profiles/{id}/lists", "lists:read profiles:read", listsOfProfile(true)},
		{"GET /api/profiles/{id}/relationships/lists", "lists:read profiles:read", listsOfProfile(false)},
		{"GET /api/profiles/{id}/push-tokens", "profiles:read", pushTokensOfProfile(true)},
		{"GET /api/profiles/{id}/relationships/push-tokens", "profiles:read", pushTokensOfProfile(false)},
		{"GET /api/profiles/{id}/segments", "profiles:read segments:read", noneOfProfile(segmentDescription, true)},
		{"GET /api/profiles/{id}/relationships/segments", "profiles:read segments:read", noneOfProfile(segmentDescription, true)},
		{"GET /api/profiles/{id}/conversations", "conversations:read profiles:read", noneOfProfile(conversationDescription, true)},
		{"GET /api/profiles/{id}/relationships/conversations", "conversations:read profiles:read", noneOfProfile(conversationDescription, true)},
		{"GET /api/profiles/{id}/conversation", "conversations:read profiles:read", noneOfProfile(conversationDescription, false)},
		{"GET /api/profiles/{id}/relationships/conversation", "conversations:read profiles:read", noneOfProfile(conversationDescription, false)},

		// Jobs on many profiles
		{"POST /api/profile-bulk-import-jobs", "lists:write profiles:write", (*api).importProfiles},
		{"GET /api/profile-bulk-import-jobs", "lists:read profiles:read", a.importJobs.list},
		{"GET /api/profile-bulk-import-jobs/{id}", "lists:read profiles:read", a.importJobDetail.one},
		{"GET /api/profile-bulk-import-jobs/{id}/lists", "lists:read", listsOfImportJob(true)},
		{"GET /api/profile-bulk-import-jobs/{id}/relationships/lists", "lists:read", listsOfImportJob(false)},
		{"GET /api/profile-bulk-import-jobs/{id}/profiles", "profiles:read", profilesOfImportJob(true)},
		{"GET /api/profile-bulk-import-jobs/{id}/relationships/profiles", "profiles:read", profilesOfImportJob(false)},
		{"GET /api/profile-bulk-import-jobs/{id}/import-errors", "profiles:read", (*api).importErrors},
		{"POST /api/profile-subscription-bulk-create-jobs", "lists:write profiles:write subscriptions:write", (*api).subscribeProfiles},
		{"POST /api/profile-subscription-bulk-delete-jobs", "lists:write profiles:write subscriptions:write", (*api).unsubscribeProfiles},
		{"POST /api/profile-suppression-bulk-create-jobs", "profiles:write subscriptions:write", beginSuppression(store.JobSuppress, func(a *api) *resource[store.Job] { return a.suppressJobs })},
		{"GET /api/profile-suppression-bulk-create-jobs", "subscriptions:read", a.suppressJobs.list},
		{"GET /api/profile-suppression-bulk-create-jobs/{id}", "subscriptions:read", a.suppressJobs.one},
		{"POST /api/profile-suppression-bulk-delete-jobs", "subscriptions:write", beginSuppression(store.JobUnsuppress, func(a *api) *resource[store.Job] { return a.unsuppressJobs })},
		{"GET /api/profile-suppression-bulk-delete-jobs", "subscriptions:read", a.unsuppressJobs.list},
		{"GET /api/profile-suppression-bulk-delete-jobs/{id}", "subscriptions:read", a.unsuppressJobs.one},

		// Devices that take notifications
		{"POST /api/push-tokens", "profiles:write push-tokens:write", (*api).createPushToken},
		{"GET /api/push-tokens", "profiles:read push-tokens:read", a.pushTokens.list},
		{"GET /api/push-tokens/{id}", "profiles:read push-tokens:read", a.pushTokens.one},
		{"DELETE /api/push-tokens/{id}", "push-tokens:write", (*api).deletePushToken},
		{"GET /api/push-tokens/{id}/profile", "profiles:read push-tokens:read", a.pushTokens.relate(pushTokenProfile, true)},
		{"GET /api/push-tokens/{id}/relationships/profile", "profiles:read push-tokens:read", a.pushTokens.relate(pushTokenProfile, false)},

		// Privacy
		{"POST /api/data-privacy-deletion-jobs", "data-privacy:write", (*api).deletePerson},

		// Lists
		{"POST /api/lists", "lists:write", (*api).createList},
		{"GET /api/lists", "lists:read", a.lists.list},
		{"GET /api/lists/{id}", "lists:read", a.listDetail.one},
		{"POST /api/lists/{id}/relationships/profiles", "lists:write profiles:write", (*api).joinList},
		{"DELETE /api/lists/{id}/relationships/profiles", "lists:write profiles:write", (*api).leaveList},

		// Flows
		{"POST /api/flows", "flows:write", (*api).createFlow},
		{"GET /api/flows", "flows:read", a.flows.list},
		{"GET /api/flows/{id}", "flows:read", a.flowDetail.one},
		{"PATCH /api/flows/{id}", "flows:write", (*api).updateFlow},
		{"DELETE /api/flows/{id}", "flows:write", (*api).deleteFlow},
		{"GET /api/flows/{id}/flow-actions", "flows:read", actionsOfFlow(true)},
		{"GET /api/flows/{id}/relationships/flow-actions", "flows:read", actionsOfFlow(false)},
		{"GET /api/flow-actions/{id}", "flows:read", a.actionDetail.one},
		{"PATCH /api/flow-actions/{id}", "flows:write", (*api).updateAction},
		{"DELETE /api/flow-actions/{id}", "flows:write", (*api).deleteAction},
		{"GET /api/flow-actions/{id}/flow", "flows:read", a.actions.relate(actionFlow, true)},
		{"GET /api/flow-actions/{id}/relationships/flow", "flows:read", a.actions.relate(actionFlow, false)},
		{"GET /api/flow-actions/{id}/flow-messages", "flows:read", messagesOfAction(true)},
		{"GET /api/flow-actions/{id}/relationships/flow-messages", "flows:read", messagesOfAction(false)},
		{"GET /api/flow-messages/{id}", "flows:read", a.messageDetail.one},
		{"GET /api/flow-messages/{id}/flow-action", "flows:read", a.messages.relate(messageAction, true)},
		{"GET /api/flow-messages/{id}/relationships/flow-action", "flows:read", a.messages.relate(messageAction, false)},
		{"GET /api/flow-messages/{id}/template", "templates:read", templateOfMessage(true)},
		{"GET /api/flow-messages/{id}/relationships/template", "templates:read", templateOfMessage(false)},
		{"GET /api/metrics/{id}/flow-triggers", "flows:read metrics:read", triggered(plan.TriggerMetric, true)},
		{"GET /api/metrics/{id}/relationships/flow-triggers", "flows:read metrics:read", triggered(plan.TriggerMetric, false)},
		{"GET /api/lists/{id}/flow-triggers", "flows:read lists:read", triggered(plan.TriggerList, true)},
		{"GET /api/lists/{id}/relationships/flow-triggers", "flows:read lists:read", triggered(plan.TriggerList, false)},

		// The account
		{"GET /api/accounts", "accounts:read", a.accounts.list},
		{"GET /api/accounts/{id}", "accounts:read", a.accounts.one},
		{"GET /api/tracking-settings", "tracking-settings:read", a.tracking.list},
		{"GET /api/tracking-settings/{id}", "tracking-settings:read", a.tracking.one},
		{"PATCH /api/tracking-settings/{id}", "tracking-settings:write", (*api).updateTracking},

		// Webhooks that tell others of events
		{"GET /api/webhooks", "webhooks:read", a.webhooks.list},
		{"POST /api/webhooks", "webhooks:write", (*api).createWebhook},
		{"GET /api/webhooks/{id}", "webhooks:read", a.webhooks.one},
		{"PATCH /api/webhooks/{id}", "webhooks:write", (*api).updateWebhook},
		{"DELETE /api/webhooks/{id}", "webhooks:write", (*api).deleteWebhook},
		{"GET /api/webhook-topics", "webhooks:read", a.topics.list},
		{"GET /api/webhook-topics/{id}", "webhooks:read", a.topics.one},

		// From browsers and apps
		{"POST /client/events", client, (*api).clientEvent},
		{"POST /client/profiles", client, (*api).clientProfile},
		{"POST /client/event-bulk-create", client, (*api).clientEvents},
		{"POST /client/push-tokens", client, (*api).clientPushToken},
		{"POST /client/push-token-unregister", client, (*api).clientUnregister},
		{"OPTIONS /client/push-tokens", public, (*api).clientPreflight},
		{"OPTIONS /client/push-token-unregister", public, (*api).clientPreflight},
		{"OPTIONS /client/event-bulk-create", public, (*api).clientPreflight},
		{"OPTIONS /client/events", public, (*api).clientPreflight},
		{"OPTIONS /client/profiles", public, (*api).clientPreflight},

		// For the people who get messages
		{"GET /unsubscribe/{token}", public, (*api).unsubscribePage},
		{"POST /unsubscribe/{token}", public, (*api).unsubscribe},

		// For those who run this
		{"POST /codec/decode", public, (*api).codec}, // public, as it takes the key in more ways than the API
		{"POST /codec/encode", public, (*api).codec},
		{"OPTIONS /codec/decode", public, (*api).codecPreflight},
		{"OPTIONS /codec/encode", public, (*api).codecPreflight},
		{"GET /healthz", public, (*api).healthy},
		{"GET /readyz", public, (*api).ready},
		{"GET /metrics", public, (*api).measurements},
	}
}
