// Calls the operations one after another through the SDK, of which nothing is changed but the base path, and prints
// what became of each as a line of JSON. Usage: node run.mjs BASE KEY
import * as sdk from 'klaviyo-api'
import { operations } from './operations.mjs'

const [base, key] = process.argv.slice(2)
const session = new sdk.ApiKeySession(key, new sdk.RetryWithExponentialBackoff({ numRetries: 1 }))
const api = {}
for (const name of ['Accounts', 'DataPrivacy', 'Events', 'Flows', 'Lists', 'Metrics', 'Profiles', 'TrackingSettings', 'Webhooks']) {
  const of = new sdk[`${name}Api`](session)
  of.basePath = base
  api[name.toLowerCase()] = of
}

const state = { sdk } // what later operations take from the answers of earlier ones
for (const [name, call] of operations) {
  const line = { operation: name }
  try {
    const answer = await call(api, state)
    line.status = answer?.response?.status ?? 0
  } catch (error) {
    line.status = error.response?.status ?? 0
    line.error = error.response ? JSON.stringify(error.response.data) : String(error.stack)
  }
  console.log(JSON.stringify(line))
}
