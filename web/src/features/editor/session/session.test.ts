import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiFailure } from '@/api/problem'
import type { GraphDoc } from '@/lib/graph/document'
import { gridGraph, TEST_KINDS } from '@/lib/graph/testing'
import { connect } from '@/lib/graph/wiring'
import { Saver, type Keeper } from './saver'
import { EditorSession } from './session'

const open = (doc: GraphDoc = gridGraph(6)) => new EditorSession('wfl_1', structuredClone(doc), TEST_KINDS)
const type = (session: EditorSession, text: string) => session.edit('value', (draft) => draft.setValue('n2', 'glue', text), { key: 'value|n2|glue' })

describe('the history', () => {
  beforeEach(() => void vi.useFakeTimers({ now: 0 }))
  afterEach(() => void vi.useRealTimers())

  it('takes typing in one field as one step, until a pause or until the field is left', () => {
    const session = open()
    type(session, 'a')
    type(session, 'ab')
    expect(session.history.done).toHaveLength(1)
    vi.advanceTimersByTime(900)
    type(session, 'abc')
    session.seal()
    type(session, 'abcd')
    expect(session.history.done).toHaveLength(3)
    session.undo()
    expect(session.body.nodes.get('n2')!.values!.glue).toBe('abc')
  })

  it('forgets what was undone when something else is done', () => {
    const session = open()
    session.edit('remove', (draft) => draft.removeNodes(['n1']))
    session.undo()
    expect(session.history.undone).toHaveLength(1)
    type(session, 'x')
    expect(session.redo()).toBeNull()
  })

  it('goes to any step and back', () => {
    const session = open()
    const states = [JSON.stringify(session.graph.toDoc())]
    for (const id of ['n1', 'n2', 'n3']) {
      session.edit('remove', (draft) => draft.removeNodes([id]))
      states.push(JSON.stringify(session.graph.toDoc()))
    }
    for (const index of [0, 3, 1, 2]) {
      session.travelTo(index)
      expect(JSON.stringify(session.graph.toDoc())).toBe(states[index])
    }
  })

  it('notes nothing when nothing changed', () => {
    const session = open()
    session.edit('connect', (draft) => connect(draft, session.world, ['n1', 'text'], ['n1', 'prompt']))
    expect(session.history.done).toHaveLength(0)
  })

  it('undoes an edit inside a group from wherever one stands, and lets go of what is gone', () => {
    const session = open({ nodes: [{ id: 'g', kind: 'flow.group', values: { group: 'g1' } }], groups: [{ id: 'g1', nodes: [{ id: 'x', kind: 'text.join' }] }] })
    session.path.value = ['g']
    session.edit('remove', (draft) => draft.removeNodes(['x']))
    session.path.value = []
    session.undo()
    expect(session.graph.body('g1')!.nodes.has('x')).toBe(true)
    session.selection.set({ nodes: ['g'] })
    session.path.value = ['g']
    session.edit('remove', (draft) => draft.on('').removeNodes(['g']))
    expect(session.path.value).toEqual([])
    expect(session.selection.nodes.size).toBe(0)
  })
})

describe('saving', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  function keeper() {
    const server = { version: 1, graph: gridGraph(2), saves: [] as number[], refuse: null as string | null }
    const kept: Keeper = {
      save: async ({ base_version, graph }) => {
        server.saves.push(base_version)
        if (server.refuse || base_version !== server.version) throw new ApiFailure({ code: server.refuse ?? 'workflow.conflict', title: 'no', status: 409 })
        server.graph = graph
        return { version: ++server.version }
      },
      load: async () => ({ version: server.version, graph: structuredClone(server.graph), name: 'W' }),
    }
    return { server, kept }
  }

  it('happens by itself after a quiet moment, once for many edits', async () => {
    const session = open()
    const { server, kept } = keeper()
    const saver = new Saver(session, kept, 1)
    type(session, 'a')
    type(session, 'b')
    expect(saver.state.value).toBe('dirty')
    await vi.advanceTimersByTimeAsync(1500)
    expect(server.saves).toEqual([1])
    expect([saver.state.value, saver.version.value]).toEqual(['saved', 2])
  })

  it('knows that undoing back to what is saved is not dirty', () => {
    const session = open()
    const saver = new Saver(session, keeper().kept, 1)
    type(session, 'a')
    expect(saver.dirty.value).toBe(true)
    session.undo()
    expect(saver.dirty.value).toBe(false)
    session.redo()
    expect(saver.dirty.value).toBe(true)
  })

  it('never writes over a version it has not seen', async () => {
    const session = open()
    const { server, kept } = keeper()
    const saver = new Saver(session, kept, 1)
    server.version = 5
    type(session, 'mine')
    await vi.advanceTimersByTimeAsync(1500)
    expect(saver.state.value).toBe('conflict')
    type(session, 'still mine')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(server.saves).toHaveLength(1)
    await saver.keepMine()
    expect([saver.state.value, server.version]).toEqual(['saved', 6])
  })

  it('takes theirs when asked, and is then in step', async () => {
    const session = open()
    const { server, kept } = keeper()
    const saver = new Saver(session, kept, 1)
    server.version = 2
    type(session, 'mine')
    await vi.advanceTimersByTimeAsync(1500)
    await saver.takeTheirs()
    expect(session.body.nodes.size).toBe(2)
    expect([saver.state.value, saver.version.value]).toEqual(['saved', 2])
  })

  it('tries again when the server cannot be reached', async () => {
    const session = open()
    const { server, kept } = keeper()
    const saver = new Saver(session, kept, 1)
    server.refuse = 'client.unreachable'
    type(session, 'a')
    await vi.advanceTimersByTimeAsync(1500)
    expect(saver.state.value).toBe('failed')
    server.refuse = null
    await vi.advanceTimersByTimeAsync(20_000)
    expect(saver.state.value).toBe('saved')
  })
})
