/** What the server says when it refuses (application/problem+json). `code` is stable; words are made from it and `params`. */
export interface Problem {
  code: string
  title: string
  status: number
  detail?: string
  hint?: string
  params?: Record<string, unknown>
  problems?: GraphProblem[]
}

/** One thing that is wrong in a graph, as a value. */
export interface GraphProblem {
  code: string
  message: string
  level?: 'error' | 'warning'
  place?: Record<string, string>
  params?: Record<string, unknown>
}

/** A request that did not succeed, whatever the reason. */
export class ApiFailure extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail ?? problem.title)
    this.name = 'ApiFailure'
  }
}

/** The problem behind anything that was thrown. A bug is a problem too: it must not look like success. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ApiFailure) return error.problem
  if (error instanceof TypeError) return unreachable()
  return { code: 'client.bug', title: 'The app made a mistake', status: 0, detail: error instanceof Error ? error.message : String(error) }
}

/** The problem of a request that never reached the server. */
export function unreachable(): Problem {
  return { code: 'client.unreachable', title: 'The server cannot be reached', status: 0 }
}

/** The problem that a response carries; any body will do. */
export async function problemIn(response: Response): Promise<Problem> {
  const body: unknown = await response.clone().json().catch(() => null)
  const said = (typeof body === 'object' && body ? body : {}) as Partial<Problem>
  return { ...said, code: said.code ?? `http.${response.status}`, title: said.title ?? (response.statusText || `HTTP ${response.status}`), status: response.status }
}
