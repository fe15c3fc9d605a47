import { computed, shallowRef, watch, type ComputedRef, type ShallowRef } from 'vue'
import { useLiveRun } from '@/api/live'
import { problemOf, type Problem } from '@/api/problem'
import { cancelRun, getRun, startRun } from '@/api/runs'
import { socket } from '@/api/socket'
import type { GraphJson, RunRequest, RunStarted } from '@/api/types'
import type { Problem as GraphProblem } from '@/lib/graph/document'
import type { OpenWorkflow } from '../session/tabs'

export interface RunControl {
  /** A run of this workflow is under way. */
  active: ComputedRef<boolean>
  /** The run is being handed over. */
  starting: ShallowRef<boolean>
  problem: ShallowRef<Problem | null>
  /** What the run form holds, by input id. */
  inputs: ShallowRef<Record<string, unknown>>
  start(part?: Pick<RunRequest, 'targets' | 'run_from' | 'only' | 'again'>): Promise<boolean>
  stop(): Promise<void>
}

/** What the server takes in one message is 1 MiB; characters may be up to three bytes long. */
const MESSAGE_MAX = 300_000
const OVER = new Set(['ok', 'failed', 'cancelled'])

/** Starts, follows, stops and answers the runs of an open workflow. What runs is what is on the canvas, saved or not. */
export function useRunControl(opened: OpenWorkflow): RunControl {
  const { session, saver } = opened
  const { lens } = session
  const starting = shallowRef(false)
  const problem = shallowRef<Problem | null>(null)
  const inputs = shallowRef<Record<string, unknown>>(readInputs(opened.id))
  const live = useLiveRun(
    () => lens.run.value,
    (paths, view) => lens.take(lens.run.value, paths, view),
  )
  watch(lens.run, (run) => run === null && lens.take(null, [], live.view.value))
  watch(live.problem, (cut) => cut && (problem.value = cut))
  watch(inputs, (values) => sessionStorage.setItem(`comfytavern.inputs.${opened.id}`, JSON.stringify(values)))
  let started: string | null = null
  watch(
    lens.run,
    async (run) => {
      if (run === started) return
      lens.given.value = {}
      const found = run ? await getRun(run).catch(() => null) : null
      if (found && lens.run.value === run) lens.given.value = { ...defaults(), ...found.inputs }
    },
    { immediate: true },
  )
  const active = computed(() => lens.run.value !== null && !OVER.has(lens.view.value.state))

  async function start(part: Pick<RunRequest, 'targets' | 'run_from' | 'only' | 'again'> = {}): Promise<boolean> {
    if (starting.value) return false
    starting.value = true
    problem.value = null
    try {
      const saved = await saver.flush()
      const what = saved ? { workflow_id: opened.id, version: saver.version.value } : { graph: session.graph.toDoc() as GraphJson }
      const run = await handOver({ ...what, inputs: declared(), mode: 'finish', reuse: 'session', session: opened.key, ...part })
      lens.run.value = started = run.id
      lens.given.value = { ...defaults(), ...declared() }
      return true
    } catch (error) {
      problem.value = problemOf(error)
      if (problem.value.problems) session.problems.value = problem.value.problems as GraphProblem[]
      return false
    } finally {
      starting.value = false
    }
  }

  function defaults(): Record<string, unknown> {
    return Object.fromEntries((session.graph.root.interface.inputs ?? []).filter((port) => port.default !== undefined).map((port) => [port.id, port.default]))
  }

  /** Values of the form that the graph still has inputs for. */
  function declared(): Record<string, unknown> {
    const ports = session.graph.root.interface.inputs ?? []
    return Object.fromEntries(ports.filter(({ id }) => inputs.value[id] !== undefined).map(({ id }) => [id, inputs.value[id]]))
  }

  return {
    active,
    starting,
    problem,
    inputs,
    start,
    stop: async () => {
      if (!lens.run.value) return
      try {
        await cancelRun(lens.run.value)
      } catch (error) {
        problem.value = problemOf(error)
      }
    },
  }
}

/** Over the connection that the events come back on; by HTTP while there is none. A start that was sent is not sent twice. */
function handOver(request: RunRequest): Promise<RunStarted> {
  return socket.state.value === 'open' && JSON.stringify(request).length < MESSAGE_MAX ? socket.start(request) : startRun(request)
}

function readInputs(id: string): Record<string, unknown> {
  try {
    return JSON.parse(sessionStorage.getItem(`comfytavern.inputs.${id}`) ?? '{}') as Record<string, unknown>
  } catch {
    return {}
  }
}
