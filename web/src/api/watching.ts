import { body, http } from './client'
import type { components } from './schema'

export type Errors = components['schemas']['Errors']

/** Where mistakes of this app are sent, by our own server. */
export const TUNNEL = '/api/watching/errors'

/** Asks whether anybody wants to know of mistakes; null: nobody, or nobody can say now. */
export async function wanted(): Promise<Errors | null> {
  try {
    return (await body<components['schemas']['Watching']>(http.GET('/api/watching'))).errors ?? null
  } catch {
    return null
  }
}
