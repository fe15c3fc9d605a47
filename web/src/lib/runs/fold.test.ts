import { describe, expect, it } from 'vitest'
import type { RunEvent } from './events'
import { emptyRun, fold, fromSnapshot, touched } from './fold'

const delta = (seq: number, offset: number, text: string, epoch = 0): RunEvent => ({ kind: 'delta', seq, t: seq, path: 'n1', port: 'reply', offset, text, epoch })
const nodes = (seq: number, ...changes: [string, string, number | null, Record<string, unknown> | null][]): RunEvent => ({ kind: 'nodes', seq, t: seq * 10, nodes: changes })
const STORY: RunEvent[] = [
  { kind: 'run', seq: 1, state: 'queued', position: 2 },
  { kind: 'run', seq: 2, state: 'running' },
  nodes(3, ['n1', 'running', null, null], ['n2', 'queued', null, null]),
  delta(4, 0, 'Good '),
  delta(5, 5, 'evening'),
  { kind: 'usage', seq: 6, path: 'n1', model: 'demo/demo', input_tokens: 3, output_tokens: 4 },
  nodes(7, ['n1', 'done', 40, { outputs: { reply: 'Good evening' } }]),
  { kind: 'run', seq: 8, state: 'ok', outputs: { answer: 'Good evening' } },
]

describe('the fold of a run', () => {
  it('tells the whole story', () => {
    const run = fold(emptyRun(), STORY)
    expect(run).toMatchObject({ state: 'ok', seq: 8, position: null, outputs: { answer: 'Good evening' }, usage: { input: 3, output: 4, costUsd: null } })
    expect(run.nodes.get('n1')).toMatchObject({ state: 'done', ms: 40, from: 30, until: 70, outputs: { reply: 'Good evening' } })
    expect(run.texts.get('n1:reply')?.text).toBe('Good evening')
  })

  it('is the same however the events are cut into batches', () => {
    const whole = fold(emptyRun(), STORY)
    for (let cut = 0; cut <= STORY.length; cut++) expect(fold(fold(emptyRun(), STORY.slice(0, cut)), STORY.slice(cut))).toEqual(whole)
  })

  it('does not mind events that come twice', () => {
    const whole = fold(emptyRun(), STORY)
    expect(fold(whole, STORY)).toBe(whole)
    expect(fold(fold(emptyRun(), STORY.slice(0, 5)), STORY.slice(2))).toEqual(whole)
  })

  it('leaves what it was given as it was', () => {
    const before = fold(emptyRun(), STORY.slice(0, 4))
    const copy = structuredClone(before)
    fold(before, STORY.slice(4))
    expect(before).toEqual(copy)
  })

  it('continues a snapshot', () => {
    const run = fold(
      fromSnapshot({ state: 'running', seq: 4, outputs: null, errors: null, waits: [], nodes: { n1: { state: 'running' } }, texts: { 'n1:reply': { epoch: 0, text: 'Good ' } } }),
      STORY.slice(3),
    )
    expect(run.texts.get('n1:reply')?.text).toBe('Good evening')
    expect(run.state).toBe('ok')
  })

  it('keeps only what is new of a text that overlaps, counting characters and not code units', () => {
    const run = fold(emptyRun(), [delta(1, 0, '好😀a'), delta(2, 2, 'abc')])
    expect(run.texts.get('n1:reply')).toEqual({ epoch: 0, text: '好😀abc', length: 5 })
  })

  it('drops a stream that starts over, and what is late of the old one', () => {
    const run = fold(emptyRun(), [delta(1, 0, 'old'), { kind: 'reset', seq: 2, path: 'n1', port: 'reply', epoch: 1 }, delta(3, 3, 'er', 0), delta(4, 0, 'new', 1)])
    expect(run.texts.get('n1:reply')).toMatchObject({ epoch: 1, text: 'new' })
  })

  it('forgets a failure when the node runs again', () => {
    const failed = fold(emptyRun(), [nodes(1, ['n1', 'failed', 5, { error: { message: 'no' } }])])
    expect(failed.nodes.get('n1')?.error?.message).toBe('no')
    const again = fold(failed, [nodes(2, ['n1', 'running', null, { attempt: 2 }])])
    expect(again.nodes.get('n1')).toMatchObject({ state: 'running', attempt: 2, from: 20 })
    expect(again.nodes.get('n1')?.error).toBeUndefined()
  })

  it('keeps 0, false and the empty text', () => {
    const run = fold(emptyRun(), [nodes(1, ['n1', 'done', 0, { outputs: { a: 0, b: false, c: '' } }]), { kind: 'run', seq: 2, state: 'ok', outputs: { a: 0, b: false, c: '' } }])
    expect(run.nodes.get('n1')).toMatchObject({ ms: 0, outputs: { a: 0, b: false, c: '' } })
    expect(run.outputs).toEqual({ a: 0, b: false, c: '' })
  })

  it('opens and closes questions', () => {
    const wait: RunEvent = { kind: 'wait', seq: 1, path: 'n1', token: 'tok', title: 'Publish?', schema: { type: 'boolean' } }
    const open = fold(emptyRun(), [wait])
    expect(open.waits.get('tok')?.title).toBe('Publish?')
    expect(fold(open, [{ kind: 'answered', seq: 2, path: 'n1', token: 'tok', outcome: 'answered' }]).waits.size).toBe(0)
    expect(fold(open, [{ kind: 'run', seq: 2, state: 'cancelled' }]).waits.size).toBe(0)
  })

  it('names the nodes that events speak about', () => {
    expect([...touched(STORY)].sort()).toEqual(['n1', 'n2'])
  })
})
