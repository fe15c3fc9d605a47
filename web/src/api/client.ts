import createClient, { type Middleware } from 'openapi-fetch'
import { ApiFailure, problemIn, unreachable } from './problem'
import { answeredBy } from './release'
import type { paths } from './schema'

const signedOut = new Set<() => void>()

/** Calls `listener` when the server says that nobody is logged in any more. */
export function onSignedOut(listener: () => void): () => void {
  signedOut.add(listener)
  return () => signedOut.delete(listener)
}

/** Turns every refusal into an `ApiFailure`, so that callers see either data or a problem. */
const refusals: Middleware = {
  onResponse: async ({ response }) => {
    answeredBy(response.headers.get('X-Comfytavern-Release'))
    if (response.ok || response.status === 304) return undefined
    if (response.status === 401) signedOut.forEach((listener) => listener())
    throw new ApiFailure(await problemIn(response))
  },
  onError: () => new ApiFailure(unreachable()),
}

/** The typed client of our own server; the cookie of the session goes with it. */
export const http = createClient<paths>({ baseUrl: '', credentials: 'same-origin' })
http.use(refusals)

/**
 * Awaits a call of `http` and returns its body. The caller names the type (an alias of the same schema, api/types.ts):
 * openapi-fetch would turn its tuples into arrays.
 */
export async function body<T = void>(call: Promise<{ data?: unknown }>): Promise<T> {
  return (await call).data as T
}
