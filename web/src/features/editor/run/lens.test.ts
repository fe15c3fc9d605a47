import { describe, expect, it } from 'vitest'
import { emptyRun, fold, touched } from '@/lib/runs/fold'
import type { RunEvent } from '@/lib/runs/events'
import { RunLens } from './lens'

function told(lens: RunLens, events: RunEvent[]): void {
  lens.take('run_1', touched(events), fold(lens.view.value, events))
}

describe('the lens', () => {
  it('shows a running node that sends text as streaming, and its text as it grows', () => {
    const lens = new RunLens()
    const chat = lens.of('chat')
    told(lens, [{ kind: 'nodes', seq: 1, nodes: [['chat', 'running', null, null]] }])
    expect(chat.value?.state).toBe('running')
    told(lens, [{ kind: 'delta', seq: 2, path: 'chat', port: 'text', offset: 0, text: 'Wel' }])
    told(lens, [{ kind: 'delta', seq: 3, path: 'chat', port: 'text', offset: 3, text: 'come' }])
    expect(chat.value).toMatchObject({ state: 'streaming', texts: { text: 'Welcome' } })
  })

  it('shows the latest round of a loop on the one node that is drawn', () => {
    const lens = new RunLens()
    const judge = lens.of('refine/judge')
    told(lens, [{ kind: 'nodes', seq: 1, nodes: [['refine[0]/judge', 'done', 5, null]] }])
    told(lens, [{ kind: 'nodes', seq: 2, nodes: [['refine[1]/judge', 'running', null, null]] }])
    expect(judge.value).toMatchObject({ path: 'refine[1]/judge', state: 'running' })
  })

  it('touches only nodes that the news are about, and forgets all with another run', () => {
    const lens = new RunLens()
    const [a, b] = [lens.of('a'), lens.of('b')]
    told(lens, [{ kind: 'nodes', seq: 1, nodes: [['a', 'done', 1, null], ['b', 'done', 1, null]] }])
    const before = b.value
    told(lens, [{ kind: 'nodes', seq: 2, nodes: [['a', 'done', 2, null]] }])
    expect(b.value).toBe(before)
    lens.take('run_2', [], emptyRun())
    expect([a.value, b.value]).toEqual([null, null])
  })
})
