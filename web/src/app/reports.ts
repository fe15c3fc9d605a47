import type { App } from 'vue'
import { wanted } from '@/api/watching'
import { listen, report } from '@/lib/reports'

const onError = (event: ErrorEvent) => report(event.error ?? event.message)
const onRejection = (event: PromiseRejectionEvent) => report(event.reason)

/** Keeps the first mistakes of a page that is just starting. */
export function keepMistakes(): void {
  addEventListener('error', onError)
  addEventListener('unhandledrejection', onRejection)
}

/** Asks, when the page has time, whether anybody wants to know of mistakes; only then Sentry's code is loaded. */
export function reportMistakes(app: App): void {
  const soon = () => void begin(app)
  if ('requestIdleCallback' in window) requestIdleCallback(soon, { timeout: 3000 })
  else setTimeout(soon, 1000)
}

async function begin(app: App): Promise<void> {
  const errors = await wanted()
  const sentry = errors && (await import('./sentry')).sentry(app, errors)
  removeEventListener('error', onError) // From here on Sentry listens itself.
  removeEventListener('unhandledrejection', onRejection)
  listen(sentry ?? undefined)
}
