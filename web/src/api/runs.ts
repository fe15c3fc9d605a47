import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, onScopeDispose, toValue, type MaybeRefOrGetter } from 'vue'
import type { RunEvent } from '@/lib/runs/events'
import { body, http } from './client'
import { socket } from './socket'
import type { NodeDetail, Page, Queue, Run, RunRequest, RunStarted, RunState, RunSummary } from './types'

export interface RunFilter {
  project_id?: string
  workflow_id?: string
  state?: RunState
}

const path = (run_id: string) => ({ params: { path: { run_id } } })

/** Runs, the latest first, a page at a time; new states of runs refresh it by themselves. */
export function useRuns(filter: MaybeRefOrGetter<RunFilter>, limit = 50) {
  const client = useQueryClient()
  onScopeDispose(socket.onRun(() => void client.invalidateQueries({ queryKey: ['runs'] })))
  return useInfiniteQuery({
    queryKey: ['runs', computed(() => toValue(filter)), limit],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam }) => body<Page<RunSummary>>(http.GET('/api/runs', { params: { query: { ...toValue(filter), cursor: pageParam ?? undefined, limit } } })),
    getNextPageParam: (last) => last.next ?? null,
  })
}

/** One run with its snapshot. */
export const useRun = (id: MaybeRefOrGetter<string>) => useQuery({ queryKey: ['run', id], queryFn: () => getRun(toValue(id)) })

/** Asks the server for a run now. */
export const getRun = (id: string) => body<Run>(http.GET('/api/runs/{run_id}', path(id)))

/** Values of one node of a run in full. */
export const useRunNode = (run: MaybeRefOrGetter<string>, node: MaybeRefOrGetter<string | null>) =>
  useQuery({ queryKey: ['run', run, 'node', node], enabled: () => !!toValue(node), queryFn: () => getRunNode(toValue(run), toValue(node) ?? '') })

/** Asks for the values of one node of a run now. */
export const getRunNode = (run: string, node: string) =>
  body<NodeDetail>(http.GET('/api/runs/{run_id}/nodes/{path}', { params: { path: { run_id: run, path: node } } }))

/** Events of a run after a sequence number. */
export const getRunEvents = (run: string, after = 0) =>
  body<{ events: RunEvent[]; ended: boolean }>(http.GET('/api/runs/{run_id}/events', { params: { path: { run_id: run }, query: { after } } }))

/** Starts a run and returns its id at once. */
export const startRun = (request: RunRequest) => body<RunStarted>(http.POST('/api/runs', { body: request }))

/** Stops a run, or one node of it. */
export const cancelRun = (id: string, node?: string) => body(http.POST('/api/runs/{run_id}/cancel', { ...path(id), body: node ? { path: node } : null }))

/** Answers a question of a run. The second answer is refused with `run.answered`. */
export const answerRun = (id: string, token: string, value: unknown) => body(http.POST('/api/runs/{run_id}/answers', { ...path(id), body: { token, value } }))

/** Says what to do about an effect whose outcome a crash has hidden. */
export const resolveUnknown = (id: string, node: string, action: 'retry' | 'fail' | 'result', value?: unknown) =>
  body(http.POST('/api/runs/{run_id}/unknown', { ...path(id), body: { path: node, action, value } }))

/** What can be done to runs. */
export function useRunChanges() {
  const client = useQueryClient()
  const onSuccess = () => Promise.all(['runs', 'run', 'queue'].map((key) => client.invalidateQueries({ queryKey: [key] })))
  return {
    start: useMutation({ mutationFn: startRun, onSuccess }),
    cancel: useMutation({ mutationFn: (id: string) => cancelRun(id), onSuccess }),
    answer: useMutation({ mutationFn: ({ id, token, value }: { id: string; token: string; value: unknown }) => answerRun(id, token, value), onSuccess }),
    resolve: useMutation({
      mutationFn: ({ id, node, action }: { id: string; node: string; action: 'retry' | 'fail' }) => resolveUnknown(id, node, action),
      onSuccess,
    }),
    remove: useMutation({ mutationFn: (id: string) => body(http.DELETE('/api/runs/{run_id}', path(id))), onSuccess }),
  }
}

/** One's own runs that run or wait, kept up to date by the socket. */
export function useQueue() {
  const client = useQueryClient()
  onScopeDispose(socket.onRun(() => void client.invalidateQueries({ queryKey: ['queue'] })))
  return useQuery({ queryKey: ['queue'], queryFn: () => body<Queue>(http.GET('/api/queue')), refetchInterval: (query) => (busy(query.state.data) ? 5_000 : false) })
}

function busy(queue: Queue | undefined): boolean {
  return !!queue && queue.running.length + queue.queued.length > 0
}
