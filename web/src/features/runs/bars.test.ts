import { describe, expect, it } from 'vitest'
import { emptyRun, fold, fromSnapshot } from '@/lib/runs/fold'
import { bars } from './bars'

describe('the timeline', () => {
  it('places every node where it ran, in the order in which they began', () => {
    const run = fold(emptyRun(), [
      { kind: 'nodes', seq: 1, t: 0, nodes: [['b', 'running', null, null]] },
      { kind: 'nodes', seq: 2, t: 50, nodes: [['a', 'running', null, null], ['b', 'done', 50, null]] },
      { kind: 'nodes', seq: 3, t: 100, nodes: [['a', 'done', 50, null], ['c', 'skipped', null, null]] },
    ])
    const timeline = bars(run, 100)
    expect(timeline.whole).toBe(100)
    expect(timeline.bars.map(({ path, start, width }) => [path, start, width])).toEqual([['b', 0, 0.5], ['a', 0.5, 0.5], ['c', 0, 0]])
  })

  it('lets a running node grow', () => {
    const run = fold(emptyRun(), [{ kind: 'nodes', seq: 1, t: 20, nodes: [['a', 'running', null, null]] }])
    expect(bars(run, 40).bars[0]).toMatchObject({ start: 0.5, width: 0.5 })
  })

  it('shows lengths when only a snapshot is left', () => {
    const run = fromSnapshot({ state: 'ok', seq: 9, outputs: null, errors: null, texts: {}, waits: [], nodes: { a: { state: 'done', ms: 30 }, b: { state: 'done', ms: 60 } } })
    expect(bars(run, 60).bars.map(({ path, width, placed }) => [path, width, placed])).toEqual([['a', 0.5, false], ['b', 1, false]])
  })
})
