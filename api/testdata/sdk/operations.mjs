// The operations, a line each, in an order in which later ones find what earlier ones have made. sdk_test.go wants every
// route that the SDK knows to be called here.
import assert from 'node:assert/strict'

const profile = attributes => ({ type: 'profile', attributes })
const subject = email => ({ data: profile({ email }) })
const event = (name, email, rest) => ({
  data: {
    type: 'event',
    attributes: { metric: { data: { type: 'metric', attributes: { name } } }, profile: subject(email), properties: { OrderId: '7', Items: [{ SKU: 'A' }] }, ...rest },
  },
})
const members = (...ids) => ({ data: ids.map(id => ({ type: 'profile', id })) })
const customMetric = (metricId, name, rest) => ({
  data: {
    type: 'custom-metric', ...rest,
    attributes: { name, definition: { aggregationMethod: 'value', metricGroups: [{ metricId, metricFilters: [{ property: 'OrderId', filter: { type: 'string', operator: 'equals', value: '7' } }], valueProperty: null }] } },
  },
})
const mapping = relationships => ({ data: { type: 'mapped-metric', id: 'revenue', relationships } })
const november = ['greater-or-equal(datetime,2026-11-01T00:00:00)', 'less-than(datetime,2026-12-01T00:00:00)']
const delay = (temporaryId, next) => ({
  temporaryId, type: 'time-delay', links: { next },
  data: { unit: 'days', value: 2, secondaryValue: 0, timezone: 'profile', delayUntilTime: null, delayUntilWeekdays: null },
})

// keep remembers the id of what an answer has.
const keep = async (s, name, answer) => {
  const { response, body } = await answer
  const data = Array.isArray(body.data) ? body.data[0] : body.data
  assert.ok(data.id, `no id in ${JSON.stringify(body)}`)
  s[name] = data.id
  return { response, body }
}

// same wants something of an answer.
const same = async (answer, of, want) => {
  const { response, body } = await answer
  assert.deepEqual(of(body), want)
  return { response, body }
}

export const operations = [
  // Events and metrics
  ['createEvent', k => k.events.createEvent(event('Placed Order', 'ada@example.com', { value: 29.98, valueCurrency: 'USD', uniqueId: '7', time: new Date('2026-11-08T00:00:00Z') }))],
  ['createEvent, another', k => k.events.createEvent(event('Viewed Product', 'ada@example.com', {}))],
  ['getEvents', (k, s) => keep(s, 'event', same(k.events.getEvents({ sort: 'datetime', pageSize: 1, include: ['metric', 'profile'], fieldsMetric: ['name'], fieldsProfile: ['email'] }), b => [b.data.length, b.data[0].attributes.eventProperties.OrderId, b.data[0].attributes.datetime.toISOString(), b.included.map(x => x.type).sort()], [1, '7', '2026-11-08T00:00:00.000Z', ['metric', 'profile']]))],
  ['getEvents, the next page', async k => {
    const { body } = await k.events.getEvents({ sort: 'datetime', pageSize: 1 })
    const cursor = new URL(body.links.next).searchParams.get('page[cursor]')
    return same(k.events.getEvents({ sort: 'datetime', pageSize: 1, pageCursor: cursor }), b => b.data.length, 1)
  }],
  ['getEvent', (k, s) => k.events.getEvent(s.event, { include: ['profile'], fieldsEvent: ['datetime', 'event_properties', 'timestamp', 'uuid'] })],
  ['getMetricForEvent', (k, s) => keep(s, 'metric', k.events.getMetricForEvent(s.event))],
  ['getMetricIdForEvent', (k, s) => same(k.events.getMetricIdForEvent(s.event), b => b.data.id, s.metric)],
  ['getProfileForEvent', (k, s) => keep(s, 'ada', k.events.getProfileForEvent(s.event))],
  ['getProfileIdForEvent', (k, s) => same(k.events.getProfileIdForEvent(s.event), b => b.data.id, s.ada)],
  ['getEvents of a metric', (k, s) => same(k.events.getEvents({ filter: `equals(metric_id,"${s.metric}"),greater-than(datetime,2026-01-01T00:00:00Z)` }), b => b.data.map(e => e.id), [s.event])],
  ['getMetrics', k => same(k.metrics.getMetrics({ filter: 'equals(integration.name,"api")' }), b => b.data.map(m => m.attributes.name).sort(), ['Placed Order', 'Viewed Product'])],
  ['getMetric', (k, s) => k.metrics.getMetric(s.metric)],
  ['getPropertiesForMetric', (k, s) => keep(s, 'property', same(k.metrics.getPropertiesForMetric(s.metric, { additionalFieldsMetricProperty: ['sample_values'] }), b => b.data.map(p => [p.attributes.property, p.attributes.inferredType, p.attributes.sampleValues]), [['$value', 'Number', [29.98]], ['$value_currency', 'Text', ['USD']], ['Items', 'List', []], ['OrderId', 'Text', ['7']]]))],
  ['getPropertyIdsForMetric', (k, s) => same(k.metrics.getPropertyIdsForMetric(s.metric), b => b.data[0].id, s.property)],
  ['getMetricProperty', (k, s) => k.metrics.getMetricProperty(s.property, { include: ['metric'] })],
  ['getMetricForMetricProperty', (k, s) => same(k.metrics.getMetricForMetricProperty(s.property), b => b.data.id, s.metric)],
  ['getMetricIdForMetricProperty', (k, s) => same(k.metrics.getMetricIdForMetricProperty(s.property), b => b.data.id, s.metric)],

  // Numbers of events, metrics made of others, and the roles of metrics
  ['queryMetricAggregates', (k, s) => same(k.metrics.queryMetricAggregates({ data: { type: 'metric-aggregate', attributes: { metricId: s.metric, measurements: ['count', 'sum_value', 'unique'], by: ['$value_currency'], interval: 'month', timezone: 'UTC', pageSize: 10, returnFields: ['dates', 'data'], filter: [...november, 'equals($value_currency,"USD")'], sort: '-count' } } }), b => [b.data.attributes.dates.map(d => d.toISOString()), b.data.attributes.data.map(row => ({ ...row }))], [['2026-11-01T00:00:00.000Z'], [{ dimensions: ['USD'], measurements: { count: [1], sum_value: [29.98], unique: [1] } }]])],
  ['createCustomMetric', (k, s) => keep(s, 'custom', same(k.metrics.createCustomMetric(customMetric(s.metric, 'The seventh')), b => [b.data.attributes.name, b.data.attributes.created instanceof Date], ['The seventh', true]))],
  ['updateCustomMetric', (k, s) => same(k.metrics.updateCustomMetric(s.custom, customMetric(s.metric, 'Order 7', { id: s.custom })), b => b.data.attributes.name, 'Order 7')],
  ['getCustomMetric', (k, s) => same(k.metrics.getCustomMetric(s.custom, { include: ['metrics'], fieldsMetric: ['name'] }), b => [b.data.attributes.definition.aggregationMethod, b.data.attributes.definition.metricGroups[0].metricFilters[0].filter.value, b.included.map(m => m.attributes.name)], ['value', '7', ['Placed Order']])],
  ['getCustomMetrics', (k, s) => same(k.metrics.getCustomMetrics({ include: ['metrics'], fieldsMetric: ['name'] }), b => b.data.map(m => [m.id, m.attributes.name]), [[s.custom, 'Order 7']])],
  ['getMetricsForCustomMetric', (k, s) => same(k.metrics.getMetricsForCustomMetric(s.custom), b => b.data.map(m => m.attributes.name), ['Placed Order'])],
  ['getMetricIdsForCustomMetric', (k, s) => same(k.metrics.getMetricIdsForCustomMetric(s.custom), b => b.data.map(m => m.id), [s.metric])],
  ['getMappedMetrics', k => same(k.metrics.getMappedMetrics({ include: ['metric', 'custom-metric'] }), b => [b.data.length, b.included.map(m => m.attributes.name).sort()], [7, ['Placed Order', 'Viewed Product']])],
  ['updateMappedMetric', (k, s) => same(k.metrics.updateMappedMetric('revenue', mapping({ customMetric: { data: { type: 'custom-metric', id: s.custom } } })), b => b.data.id, 'revenue')],
  ['getMappedMetric', (k, s) => same(k.metrics.getMappedMetric('revenue', { include: ['custom-metric'] }), b => b.included.map(m => [m.id, m.attributes.name]), [[s.custom, 'Order 7']])],
  ['getCustomMetricForMappedMetric', (k, s) => same(k.metrics.getCustomMetricForMappedMetric('revenue'), b => b.data.id, s.custom)],
  ['getCustomMetricIdForMappedMetric', (k, s) => same(k.metrics.getCustomMetricIdForMappedMetric('revenue'), b => b.data.id, s.custom)],
  ['updateMappedMetric, back to the metric', (k, s) => k.metrics.updateMappedMetric('revenue', mapping({ metric: { data: { type: 'metric', id: s.metric } } }))],
  ['getMetricForMappedMetric', (k, s) => same(k.metrics.getMetricForMappedMetric('revenue'), b => b.data.attributes.name, 'Placed Order')],
  ['getMetricIdForMappedMetric', (k, s) => same(k.metrics.getMetricIdForMappedMetric('revenue'), b => b.data.id, s.metric)],
  ['deleteCustomMetric', (k, s) => k.metrics.deleteCustomMetric(s.custom)],

  ['bulkCreateEvents', k => k.events.bulkCreateEvents({
    data: {
      type: 'event-bulk-create-job',
      attributes: {
        eventsBulkCreate: {
          data: [{
            type: 'event-bulk-create',
            attributes: {
              profile: subject('lin@example.com'),
              events: { data: ['1', '2'].map(uniqueId => ({ type: 'event', attributes: { metric: { data: { type: 'metric', attributes: { name: 'Placed Order' } } }, properties: { OrderId: uniqueId }, uniqueId, value: 5 } })) },
            },
          }],
        },
      },
    },
  })],
  ['getEvents, those of the bulk', k => same(k.events.getEvents({ sort: '-datetime', include: ['profile'] }), b => b.included.map(p => p.attributes.email).sort(), ['ada@example.com', 'lin@example.com'])],

  ['getProfile, with the orders', (k, s) => same(k.profiles.getProfile(s.ada, { additionalFieldsProfile: ['predictive_analytics'] }), b => [b.data.attributes.predictiveAnalytics.historicClv, b.data.attributes.predictiveAnalytics.historicNumberOfOrders, b.data.attributes.predictiveAnalytics.churnProbability], [29.98, 1, null])],

  // Profiles
  ['createProfile', (k, s) => keep(s, 'bob', k.profiles.createProfile({ data: profile({ email: 'bob@example.com', phoneNumber: '+15005550006', firstName: 'Bob', location: { city: 'Ulm', latitude: 48.4 }, properties: { points: 7, tags: ['a'] } }) }))],
  // Not with unset: the SDK itself fails on it, as string and as array.
  ['createOrUpdateProfile', (k, s) => same(k.profiles.createOrUpdateProfile({ data: { ...profile({ email: 'bob@example.com', lastName: 'B' }), meta: { patchProperties: { append: { tags: 'b' } } } } }), b => [b.data.id, b.data.attributes.firstName, b.data.attributes.lastName, b.data.attributes.properties], [s.bob, 'Bob', 'B', { points: 7, tags: ['a', 'b'] }])],
  ['updateProfile', (k, s) => k.profiles.updateProfile(s.bob, { data: { type: 'profile', id: s.bob, attributes: { title: 'Dr' } } })],
  ['getProfile', (k, s) => same(k.profiles.getProfile(s.bob, { additionalFieldsProfile: ['subscriptions'] }), b => [b.data.attributes.title, b.data.attributes.subscriptions.email.marketing.canReceiveEmailMarketing], ['Dr', true])],
  ['getProfiles', (k, s) => same(k.profiles.getProfiles({ filter: 'any(email,["bob@example.com","nobody@example.com"])', fieldsProfile: ['email', 'location.city'] }), b => b.data.map(p => [p.id, p.attributes.location.city]), [[s.bob, 'Ulm']])],

  ['getSegmentsForProfile', (k, s) => same(k.profiles.getSegmentsForProfile(s.bob), b => b.data, [])],
  ['getSegmentIdsForProfile', (k, s) => same(k.profiles.getSegmentIdsForProfile(s.bob), b => b.data, [])],
  ['getConversationsForProfile', (k, s) => same(k.profiles.getConversationsForProfile(s.bob), b => b.data, [])],
  ['getConversationIdsForProfile', (k, s) => same(k.profiles.getConversationIdsForProfile(s.bob), b => b.data, [])],
  ['getConversationForProfile', (k, s) => k.profiles.getConversationForProfile(s.bob)],
  ['getConversationIdForProfile', (k, s) => k.profiles.getConversationIdForProfile(s.bob)],
  ['createPushToken', k => k.profiles.createPushToken({ data: { type: 'push-token', attributes: { token: 'abc', platform: 'ios', vendor: 'apns', enablementStatus: 'AUTHORIZED', background: 'AVAILABLE', deviceMetadata: { osName: 'ios', appName: 'Shop' }, profile: subject('bob@example.com') } } })],
  ['getPushTokens', (k, s) => keep(s, 'device', same(k.profiles.getPushTokens({ filter: 'equals(platform,"ios")' }), b => b.data.map(d => d.attributes.token), ['abc']))],
  ['getPushToken', (k, s) => k.profiles.getPushToken(s.device, { include: ['profile'] })],
  ['getProfileForPushToken', (k, s) => same(k.profiles.getProfileForPushToken(s.device), b => b.data.id, s.bob)],
  ['getProfileIdForPushToken', (k, s) => same(k.profiles.getProfileIdForPushToken(s.device), b => b.data.id, s.bob)],
  ['getPushTokensForProfile', (k, s) => same(k.profiles.getPushTokensForProfile(s.bob), b => b.data.map(d => d.id), [s.device])],
  ['getPushTokenIdsForProfile', (k, s) => same(k.profiles.getPushTokenIdsForProfile(s.bob), b => b.data.map(d => d.id), [s.device])],
  ['deletePushToken', (k, s) => k.profiles.deletePushToken(s.device)],

  // Lists
  ['createList', (k, s) => keep(s, 'list', k.lists.createList({ data: { type: 'list', attributes: { name: 'Newsletter' } } }))],
  ['getLists', k => k.lists.getLists({ filter: 'equals(name,"Newsletter")', sort: '-created' })],
  ['addProfilesToList', (k, s) => k.lists.addProfilesToList(s.list, members(s.ada, s.bob))],
  ['getList', (k, s) => same(k.lists.getList(s.list, { additionalFieldsList: ['profile_count'] }), b => b.data.attributes.profileCount, 2)],
  ['getListsForProfile', (k, s) => same(k.profiles.getListsForProfile(s.bob), b => b.data.map(l => l.attributes.name), ['Newsletter'])],
  ['getListIdsForProfile', (k, s) => same(k.profiles.getListIdsForProfile(s.bob), b => b.data.map(l => l.id), [s.list])],
  ['removeProfilesFromList', (k, s) => k.lists.removeProfilesFromList(s.list, members(s.ada))],

  // Jobs on many profiles; nobody works on them here
  ['bulkImportProfiles', (k, s) => keep(s, 'import', k.profiles.bulkImportProfiles({ data: { type: 'profile-bulk-import-job', attributes: { profiles: { data: [profile({ email: 'new@example.com', firstName: 'New' })] } }, relationships: { lists: { data: [{ type: 'list', id: s.list }] } } } }))],
  ['getBulkImportProfilesJobs', (k, s) => same(k.profiles.getBulkImportProfilesJobs({ sort: '-created_at' }), b => b.data.map(j => [j.id, j.attributes.totalCount]), [[s.import, 1]])],
  ['getBulkImportProfilesJob', (k, s) => k.profiles.getBulkImportProfilesJob(s.import, { include: ['lists'] })],
  ['getListForBulkImportProfilesJob', (k, s) => same(k.profiles.getListForBulkImportProfilesJob(s.import), b => b.data.map(l => l.id), [s.list])],
  ['getListIdsForBulkImportProfilesJob', (k, s) => same(k.profiles.getListIdsForBulkImportProfilesJob(s.import), b => b.data.map(l => l.id), [s.list])],
  ['getProfilesForBulkImportProfilesJob', (k, s) => same(k.profiles.getProfilesForBulkImportProfilesJob(s.import), b => b.data, [])],
  ['getProfileIdsForBulkImportProfilesJob', (k, s) => same(k.profiles.getProfileIdsForBulkImportProfilesJob(s.import), b => b.data, [])],
  ['getErrorsForBulkImportProfilesJob', (k, s) => same(k.profiles.getErrorsForBulkImportProfilesJob(s.import), b => b.data, [])],
  ['bulkSuppressProfiles', (k, s) => k.profiles.bulkSuppressProfiles({ data: { type: 'profile-suppression-bulk-create-job', attributes: { profiles: { data: [profile({ email: 'bob@example.com' })] } } } })],
  ['getBulkSuppressProfilesJobs', (k, s) => keep(s, 'suppress', k.profiles.getBulkSuppressProfilesJobs())],
  ['getBulkSuppressProfilesJob', (k, s) => k.profiles.getBulkSuppressProfilesJob(s.suppress)],
  ['bulkUnsuppressProfiles', (k, s) => k.profiles.bulkUnsuppressProfiles({ data: { type: 'profile-suppression-bulk-delete-job', attributes: { profiles: { data: [profile({ email: 'bob@example.com' })] } } } })],
  ['getBulkUnsuppressProfilesJobs', (k, s) => keep(s, 'unsuppress', k.profiles.getBulkUnsuppressProfilesJobs())],
  ['getBulkUnsuppressProfilesJob', (k, s) => k.profiles.getBulkUnsuppressProfilesJob(s.unsuppress)],

  ['bulkSubscribeProfiles', (k, s) => k.profiles.bulkSubscribeProfiles({ data: { type: 'profile-subscription-bulk-create-job', attributes: { profiles: { data: [profile({ email: 'bob@example.com', subscriptions: { email: { marketing: { consent: 'SUBSCRIBED' } } } })] } }, relationships: { list: { data: { type: 'list', id: s.list } } } } })],
  ['bulkUnsubscribeProfiles', (k, s) => k.profiles.bulkUnsubscribeProfiles({ data: { type: 'profile-subscription-bulk-delete-job', attributes: { profiles: { data: [profile({ email: 'bob@example.com', subscriptions: { email: { marketing: { consent: 'UNSUBSCRIBED' } } } })] } } } })],

  // The account, its settings and webhooks
  ['getAccounts', (k, s) => keep(s, 'account', k.accounts.getAccounts())],
  ['getAccount', (k, s) => same(k.accounts.getAccount(s.account), b => b.data.id, s.account)],
  ['getTrackingSettings', (k, s) => keep(s, 'tracking', k.trackingsettings.getTrackingSettings())],
  ['getTrackingSetting', (k, s) => k.trackingsettings.getTrackingSetting(s.tracking)],
  ['updateTrackingSetting', (k, s) => same(k.trackingsettings.updateTrackingSetting(s.tracking, { data: { type: 'tracking-setting', id: s.tracking, attributes: { autoAddParameters: true } } }), b => b.data.attributes.autoAddParameters, true)],
  ['getWebhookTopics', (k, s) => keep(s, 'topic', k.webhooks.getWebhookTopics())],
  ['getWebhookTopic', (k, s) => k.webhooks.getWebhookTopic(s.topic)],
  ['createWebhook', (k, s) => keep(s, 'webhook', k.webhooks.createWebhook({ data: { type: 'webhook', attributes: { name: 'Orders', endpointUrl: 'https://hooks.example.com/orders', secretKey: 'sixteen characters' }, relationships: { webhookTopics: { data: [{ type: 'webhook-topic', id: s.topic }] } } } }))],
  ['getWebhooks', (k, s) => same(k.webhooks.getWebhooks(), b => b.data.map(w => w.id), [s.webhook])],
  ['getWebhook', (k, s) => k.webhooks.getWebhook(s.webhook, { include: ['webhook-topics'] })],
  ['updateWebhook', (k, s) => same(k.webhooks.updateWebhook(s.webhook, { data: { type: 'webhook', id: s.webhook, attributes: { enabled: false } } }), b => b.data.attributes.enabled, false)],
  ['deleteWebhook', (k, s) => k.webhooks.deleteWebhook(s.webhook)],

  // Flows
  ['createFlow', (k, s) => keep(s, 'flow', k.flows.createFlow({
    data: {
      type: 'flow',
      attributes: {
        name: 'Welcome',
        definition: {
          triggers: [{ type: 'list', id: s.list }], profileFilter: null, entryActionId: 'a', reentryCriteria: { unit: 'alltime', duration: 1 },
          actions: [delay('a', 'b'), delay('b', null)],
        },
      },
    },
  }, { additionalFieldsFlow: ['definition'] }))],
  ['getFlows', (k, s) => same(k.flows.getFlows({ filter: 'equals(name,"Welcome")', sort: '-created' }), b => b.data.map(f => f.id), [s.flow])],
  ['getFlow', (k, s) => same(k.flows.getFlow(s.flow, { additionalFieldsFlow: ['definition'], include: ['flow-actions'] }), b => b.data.attributes.definition.actions.map(a => [a.type, a.data.value]), [['time-delay', 2], ['time-delay', 2]])],
  ['getActionsForFlow', (k, s) => keep(s, 'action', k.flows.getActionsForFlow(s.flow))],
  ['getActionIdsForFlow', (k, s) => same(k.flows.getActionIdsForFlow(s.flow), b => (s.lastAction = b.data[1].id, b.data.length), 2)],
  ['getFlowAction', (k, s) => k.flows.getFlowAction(s.action)],
  ['getFlowForFlowAction', (k, s) => same(k.flows.getFlowForFlowAction(s.action), b => b.data.id, s.flow)],
  ['getFlowIdForFlowAction', (k, s) => same(k.flows.getFlowIdForFlowAction(s.action), b => b.data.id, s.flow)],
  ['getFlowActionMessages', (k, s) => same(k.flows.getFlowActionMessages(s.action), b => b.data, [])],
  ['getMessageIdsForFlowAction', (k, s) => same(k.flows.getMessageIdsForFlowAction(s.action), b => b.data, [])],
  ['getFlowsTriggeredByList', (k, s) => same(k.lists.getFlowsTriggeredByList(s.list), b => b.data.map(f => f.id), [s.flow])],
  ['getIdsForFlowsTriggeredByList', (k, s) => same(k.lists.getIdsForFlowsTriggeredByList(s.list), b => b.data.map(f => f.id), [s.flow])],
  ['getFlowsTriggeredByMetric', (k, s) => same(k.metrics.getFlowsTriggeredByMetric(s.metric), b => b.data, [])],
  ['getIdsForFlowsTriggeredByMetric', (k, s) => same(k.metrics.getIdsForFlowsTriggeredByMetric(s.metric), b => b.data, [])],
  ['updateFlow', (k, s) => same(k.flows.updateFlow(s.flow, { data: { type: 'flow', id: s.flow, attributes: { status: 'manual' } } }), b => b.data.attributes.status, 'manual')],
  ['updateFlowAction', async (k, s) => {
    const { body } = await k.flows.getFlowAction(s.action)
    const { definition } = body.data.attributes
    definition.data.value = 3
    return same(k.flows.updateFlowAction(s.action, { data: { type: 'flow-action', id: s.action, attributes: { definition } } }), b => b.data.attributes.definition.data.value, 3)
  }],
  ['deleteFlowAction', (k, s) => k.flows.deleteFlowAction(s.lastAction)],
  ['deleteFlow', (k, s) => k.flows.deleteFlow(s.flow)],

  // Two profiles that are one person, and a person who wants to be forgotten
  ['mergeProfiles', (k, s) => same(k.profiles.mergeProfiles({ data: { type: 'profile-merge', id: s.ada, relationships: { profiles: members(s.bob) } } }), b => [b.data.type, b.data.id], ['profile', s.ada])],
  ['getProfile, of the two', (k, s) => same(k.profiles.getProfile(s.ada), b => [b.data.attributes.email, b.data.attributes.firstName], ['ada@example.com', 'Bob'])],
  ['requestProfileDeletion', k => k.dataprivacy.requestProfileDeletion({ data: { type: 'data-privacy-deletion-job', attributes: { profile: { data: profile({ email: 'ada@example.com' }) } } } })],
  ['requestProfileDeletion, by id', (k, s) => k.dataprivacy.requestProfileDeletion({ data: { type: 'data-privacy-deletion-job', attributes: { profile: { data: { type: 'profile', id: s.ada, attributes: {} } } } } })],
  ['getProfiles, without the forgotten', k => same(k.profiles.getProfiles({ filter: 'any(email,["ada@example.com","bob@example.com"])' }), b => b.data, [])],
]
