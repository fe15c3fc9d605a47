import { computed, onScopeDispose, shallowRef, toValue, watch, type MaybeRefOrGetter, type ShallowRef } from 'vue'
import { emptyRun, fold, fromSnapshot, touched, type RunView } from '@/lib/runs/fold'
import type { RunEvent } from '@/lib/runs/events'
import { body, http } from './client'
import { problemOf, type Problem } from './problem'
import { socket } from './socket'
import type { Run } from './types'

/** A run as it happens. `onChange` is told, once a frame, which nodes the latest events spoke about. */
export interface LiveRun {
  view: Readonly<ShallowRef<RunView>>
  problem: Readonly<ShallowRef<Problem | null>>
}

/** Follows a run by its id; null follows nothing. Events are folded once a frame, whatever their number. */
export function useLiveRun(id: MaybeRefOrGetter<string | null>, onChange?: (paths: Set<string>, view: RunView) => void): LiveRun {
  const view = shallowRef<RunView>(emptyRun())
  const problem = shallowRef<Problem | null>(null)
  let stop: (() => void) | undefined

  function follow(run: string): () => void {
    let queue: RunEvent[] = []
    let frame = 0
    const flush = () => {
      frame = 0
      const events = queue
      queue = []
      view.value = fold(view.value, events)
      onChange?.(touched(events), view.value)
    }
    const cut = socket.watch({
      run,
      after: () => Math.max(view.value.seq, queue.at(-1)?.seq ?? 0),
      onEvents: (events) => {
        queue.push(...events)
        frame ||= soon(flush)
      },
      onBack: () => mend(run),
    })
    return () => {
      cut()
      calm(frame)
    }
  }

  /** A server that died may have forgotten text that was shown but not yet kept: then its own state is the truth. */
  async function mend(run: string): Promise<void> {
    try {
      const known = await body<Run>(http.GET('/api/runs/{run_id}', { params: { path: { run_id: run } } }))
      if (known.seq >= view.value.seq) return
      view.value = fromSnapshot(known)
      onChange?.(new Set(view.value.nodes.keys()), view.value)
    } catch (error) {
      problem.value = problemOf(error)
    }
  }

  watch(
    () => toValue(id),
    (run) => {
      stop?.()
      view.value = emptyRun()
      problem.value = null
      stop = run ? follow(run) : undefined
    },
    { immediate: true },
  )
  onScopeDispose(() => stop?.())
  return { view, problem }
}

/** The connection as people see it: in step (also while it moves to another server), or cut off and trying. */
export function useConnection() {
  const shown = computed(() => (socket.draining.value && socket.state.value === 'open' ? 'moving' : socket.state.value))
  return { state: socket.state, shown }
}

/** Next frame; a hidden tab gets no frames, so it takes a timer. */
function soon(work: () => void): number {
  return document.hidden ? -(setTimeout(work, 100) as unknown as number) : requestAnimationFrame(work)
}

function calm(handle: number): void {
  if (handle < 0) clearTimeout(-handle)
  else cancelAnimationFrame(handle)
}
