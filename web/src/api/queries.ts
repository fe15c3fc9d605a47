import { QueryClient } from '@tanstack/vue-query'
import { ApiFailure } from './problem'

/** The cache of everything asked of the server. What the server refused is not asked again; what did not arrive is. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      refetchOnWindowFocus: true,
      retry: (count, error) => count < 2 && !(error instanceof ApiFailure && error.problem.status >= 400 && error.problem.status < 500),
    },
  },
})
