import { computed, watch, type MaybeRefOrGetter } from 'vue'
import { useLiveRun } from '@/api/live'
import { useRun } from '@/api/runs'
import { emptyRun, ended, fromSnapshot } from '@/lib/runs/fold'

/** A run by id: the server's snapshot at once, then its events from the first on, which also tell when each node ran. */
export function useRunView(id: MaybeRefOrGetter<string>) {
  const query = useRun(id)
  const { view: live } = useLiveRun(id)
  const snapshot = computed(() => (query.data.value ? fromSnapshot(query.data.value) : emptyRun()))
  const view = computed(() => (live.value.seq > 0 && live.value.seq >= snapshot.value.seq ? live.value : snapshot.value))
  // Times and tokens are in the summary: it is asked for again when the run begins and when it ends.
  watch(() => [live.value.state, live.value.seq > 0] as const, ([state], [before]) => {
    if (state !== before && (ended(state) || state === 'running') && query.data.value?.state !== state) void query.refetch()
  })
  return { query, view }
}
