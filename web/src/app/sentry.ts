// In a chunk of its own, which is loaded only when the server has a SENTRY_DSN_WEB.
import { captureException, dedupeIntegration, functionToStringIntegration, globalHandlersIntegration, init, linkedErrorsIntegration } from '@sentry/vue'
import type { App } from 'vue'
import { TUNNEL, type Errors } from '@/api/watching'
import type { Take } from '@/lib/reports'

/** Starts Sentry, and returns what tells it of a mistake. Nothing is sent to another host, and nothing of what is on the page. */
export function sentry(app: App, errors: Errors): Take {
  init({
    app,
    dsn: errors.dsn,
    tunnel: TUNNEL,
    release: errors.release,
    environment: errors.environment,
    attachProps: false,
    sendDefaultPii: false,
    maxBreadcrumbs: 0,
    sendClientReports: false,
    defaultIntegrations: false,
    integrations: [functionToStringIntegration(), globalHandlersIntegration(), linkedErrorsIntegration(), dedupeIntegration()],
    beforeSend: (event) => ({ ...event, request: undefined, user: undefined, breadcrumbs: undefined, extra: undefined, tags: { page: place() } }),
  })
  return (error) => void captureException(error)
}

/** The kind of page, without names and ids. */
function place(): string {
  return location.pathname.split('/')[1] || 'start'
}
