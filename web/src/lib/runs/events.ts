/** The events of a run as they come over the wire (docs/reference/events.md). */
interface Base {
  seq: number
  t?: number
}

export type RunState = 'queued' | 'running' | 'waiting' | 'ok' | 'failed' | 'cancelled'

/** A root cause: what went wrong and where. */
export interface RunProblem {
  path?: string
  type?: string
  message?: string
  retryable?: boolean
  attempt?: number
  code?: string
  hint?: string
  params?: Record<string, unknown>
}

/** A question that a run asks a person. */
export interface RunWait {
  path: string
  token: string
  title: string
  schema: Record<string, unknown>
  shown?: unknown
  audience?: string
  expires_at?: number | null
}

/** What is known of a node besides its state and time. */
export interface NodeExtra {
  outputs?: Record<string, unknown>
  error?: RunProblem
  reason?: string
  cached?: boolean
  cut?: boolean
  limited?: boolean
  attempt?: number
  size_bytes?: Record<string, number>
  [more: string]: unknown
}

export type RunEvent =
  | (Base & { kind: 'run'; state: RunState; position?: number | null; outputs?: Record<string, unknown> | null; errors?: RunProblem[] | null })
  | (Base & { kind: 'nodes'; nodes: [path: string, state: string, ms: number | null, extra: NodeExtra | null][] })
  | (Base & { kind: 'delta'; path: string; port: string; offset: number; text: string; epoch?: number })
  | (Base & { kind: 'chunk'; path: string; port: string; index: number; value: unknown; epoch?: number })
  | (Base & { kind: 'reset'; path: string; port: string; epoch: number })
  | (Base & { kind: 'progress'; path: string; value?: number | null; text?: string })
  | (Base & { kind: 'log'; path: string; level: string; message: string })
  | (Base & { kind: 'usage'; path: string; model: string; input_tokens?: number; output_tokens?: number; cost_usd?: number | null })
  | (Base & RunWait & { kind: 'wait' })
  | (Base & { kind: 'answered'; path: string; token: string; outcome: string })
