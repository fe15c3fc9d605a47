import type { NodeExtra, RunEvent, RunProblem, RunState, RunWait } from './events'

/** One node of a run. `from` and `until` are milliseconds since the run started, where its events were seen. */
export interface NodeView extends NodeExtra {
  state: string
  ms: number | null
  from?: number
  until?: number
  progress?: number | null
  progressText?: string
}

/** Text streamed so far by a port; `length` counts characters (code points) as the server does. */
export interface TextView {
  epoch: number
  text: string
  length: number
}

export interface LogLine {
  t: number
  path: string
  level: string
  message: string
}

export interface UsageView {
  input: number
  output: number
  costUsd: number | null
}

/** Everything a client shows of a run: the fold of its events. Values are replaced, never changed in place. */
export interface RunView {
  state: RunState
  seq: number
  t: number
  position: number | null
  outputs: Record<string, unknown> | null
  errors: RunProblem[]
  nodes: ReadonlyMap<string, NodeView>
  /** By `path:port`. */
  texts: ReadonlyMap<string, TextView>
  /** The newest chunk of streams that are not text, by `path:port`. */
  chunks: ReadonlyMap<string, { epoch: number; index: number; value: unknown }>
  /** Open questions by token. */
  waits: ReadonlyMap<string, RunWait>
  usage: UsageView
  logs: readonly LogLine[]
}

/** The form of GET /api/runs/{id} that the fold can start from. */
export interface Snapshot {
  state: RunState
  seq: number
  outputs: Record<string, unknown> | null
  errors: RunProblem[] | null
  nodes: Record<string, NodeExtra & { state: string; ms?: number | null }>
  texts: Record<string, { epoch: number; text: string }>
  waits: RunWait[]
  tokens?: number | null
}

const LOGS_MAX = 1000
const ENDED = new Set(['done', 'cached', 'skipped', 'failed', 'cancelled', 'unknown'])
const TERMINAL = new Set<RunState>(['ok', 'failed', 'cancelled'])

/** A run of which nothing is known yet. */
export function emptyRun(): RunView {
  return {
    state: 'queued', seq: 0, t: 0, position: null, outputs: null, errors: [],
    nodes: new Map(), texts: new Map(), chunks: new Map(), waits: new Map(),
    usage: { input: 0, output: 0, costUsd: null }, logs: [],
  }
}

/** A run as the server's snapshot tells it; events after `seq` continue it. */
export function fromSnapshot(snapshot: Snapshot): RunView {
  return {
    ...emptyRun(),
    state: snapshot.state,
    seq: snapshot.seq,
    outputs: snapshot.outputs,
    errors: snapshot.errors ?? [],
    nodes: new Map(Object.entries(snapshot.nodes).map(([path, node]) => [path, { ...node, ms: node.ms ?? null }])),
    texts: new Map(Object.entries(snapshot.texts).map(([key, { epoch, text }]) => [key, { epoch, text, length: characters(text) }])),
    waits: new Map(snapshot.waits.map((wait) => [wait.token, wait])),
  }
}

/** Whether no event can come any more. */
export function ended(state: RunState): boolean {
  return TERMINAL.has(state)
}

/** Paths of the nodes that some events speak about. */
export function touched(events: readonly RunEvent[]): Set<string> {
  const paths = new Set<string>()
  for (const event of events) {
    if (event.kind === 'nodes') event.nodes.forEach(([path]) => paths.add(path))
    else if (event.kind !== 'run') paths.add(event.path)
  }
  return paths
}

/** The run after some more events. Events already seen (by `seq`) change nothing, so replays are harmless. */
export function fold(before: RunView, events: readonly RunEvent[]): RunView {
  const fresh = events.filter((event) => event.seq > before.seq)
  if (!fresh.length) return before
  const next = { ...before, nodes: new Map(before.nodes), texts: new Map(before.texts), chunks: new Map(before.chunks), waits: new Map(before.waits) }
  for (const event of fresh) {
    next.seq = Math.max(next.seq, event.seq)
    next.t = Math.max(next.t, event.t ?? 0)
    step(next, event)
  }
  return next
}

type Draft = Omit<RunView, 'nodes' | 'texts' | 'chunks' | 'waits'> & {
  nodes: Map<string, NodeView>
  texts: Map<string, TextView>
  chunks: Map<string, { epoch: number; index: number; value: unknown }>
  waits: Map<string, RunWait>
}

function step(run: Draft, event: RunEvent): void {
  switch (event.kind) {
    case 'run': return runChanged(run, event)
    case 'nodes': return event.nodes.forEach(([path, state, ms, extra]) => void run.nodes.set(path, nodeAfter(run.nodes.get(path), state, ms, extra, event.t ?? 0)))
    case 'delta': return textGrew(run, event)
    case 'chunk': return void run.chunks.set(`${event.path}:${event.port}`, { epoch: event.epoch ?? 0, index: event.index, value: event.value })
    case 'reset': return void run.texts.set(`${event.path}:${event.port}`, { epoch: event.epoch, text: '', length: 0 })
    case 'progress': return void run.nodes.set(event.path, { ...nodeOf(run, event.path), progress: event.value ?? null, progressText: event.text ?? '' })
    case 'log': return void (run.logs = [...run.logs.slice(1 - LOGS_MAX), { t: event.t ?? 0, path: event.path, level: event.level, message: event.message }])
    case 'usage': return used(run, event)
    case 'wait': return void run.waits.set(event.token, event)
    case 'answered': return void run.waits.delete(event.token)
  }
}

function runChanged(run: Draft, event: RunEvent & { kind: 'run' }): void {
  run.state = event.state
  run.position = event.position ?? null
  if (event.outputs !== undefined) run.outputs = event.outputs
  if (event.errors) run.errors = event.errors
  if (ended(event.state)) run.waits.clear()
}

function nodeOf(run: Draft, path: string): NodeView {
  return run.nodes.get(path) ?? { state: 'idle', ms: null }
}

/** A node that starts (again) forgets how it ended before. */
function nodeAfter(before: NodeView | undefined, state: string, ms: number | null, extra: NodeExtra | null, t: number): NodeView {
  if (!ENDED.has(state)) return { ...extra, state, ms, from: fromOf(before, state, t) }
  const from = before?.from ?? (ms === null ? undefined : Math.max(0, t - ms))
  return { ...before, progress: undefined, ...extra, state, ms: ms ?? before?.ms ?? null, from, until: t }
}

/** A node begins when it runs, or when it starts to wait without having run; one that waits goes on from where it began. */
function fromOf(before: NodeView | undefined, state: string, t: number): number | undefined {
  if (state === 'queued') return undefined
  const goesOn = before?.state === 'running' || before?.state === 'waiting'
  return goesOn ? (before.from ?? t) : t
}

function textGrew(run: Draft, event: RunEvent & { kind: 'delta' }): void {
  const key = `${event.path}:${event.port}`
  const epoch = event.epoch ?? 0
  const old = run.texts.get(key)
  if (old && epoch < old.epoch) return
  const known = old && old.epoch === epoch ? old : { epoch, text: '', length: 0 }
  const more = event.offset < known.length ? [...event.text].slice(known.length - event.offset).join('') : event.text
  run.texts.set(key, { epoch, text: known.text + more, length: known.length + characters(more) })
}

function used(run: Draft, event: RunEvent & { kind: 'usage' }): void {
  const { input, output, costUsd } = run.usage
  run.usage = {
    input: input + (event.input_tokens ?? 0),
    output: output + (event.output_tokens ?? 0),
    costUsd: event.cost_usd == null ? costUsd : (costUsd ?? 0) + event.cost_usd,
  }
}

/** Characters as Python counts them: a surrogate pair is one. */
function characters(text: string): number {
  let pairs = 0
  for (let at = 0; at < text.length; at++) if ((text.charCodeAt(at) & 0xfc00) === 0xd800) pairs++
  return text.length - pairs
}
