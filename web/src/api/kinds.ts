import { useQuery } from '@tanstack/vue-query'
import { body, http } from './client'
import type { GraphProblem } from './problem'
import type { Catalogue, GraphJson } from './types'

/** Every kind of node that the server knows. */
export const useKinds = () => useQuery({ queryKey: ['kinds'], queryFn: getKinds, staleTime: 5 * 60_000 })

/** Asks for the catalogue now; the browser's cache answers when nothing changed. */
export const getKinds = () => body<Catalogue>(http.GET('/api/kinds'))

/** Every problem of a graph at once. */
export const validateGraph = async (graph: GraphJson) => (await body<{ problems: GraphProblem[] }>(http.POST('/api/graphs/validate', { body: { graph } }))).problems
