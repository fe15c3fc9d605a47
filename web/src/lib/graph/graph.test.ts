import { describe, expect, it } from 'vitest'
import { arrange, guided } from './arrange'
import { copied, paste, readClip } from './clip'
import type { GraphDoc } from './document'
import { apply, compact, Draft, inverse } from './edit'
import { layoutOf } from './geometry'
import { canGroup, makeGroup, ungroup } from './grouping'
import { Graph } from './model'
import { portsOf, reaches } from './ports'
import { fits } from './rule'
import { gridGraph, random, TEST_KINDS } from './testing'
import { connect, dissolve, refusal, replug, splice } from './wiring'

const chain: GraphDoc = {
  format: 'comfytavern.graph',
  version: 1,
  nodes: [
    { id: 'a', kind: 'text.constant', values: { text: '' }, look: { x: 0, y: 0 } },
    { id: 'b', kind: 'text.join', look: { x: 300, y: 0 } },
    { id: 'c', kind: 'llm.chat', look: { x: 600, y: 0 }, mystery: { kept: [0, false, ''] } },
  ],
  wires: [
    { id: 'w1', source: ['a', 'text'], target: ['b', 'texts'] },
    { id: 'w2', source: ['b', 'text'], target: ['c', 'prompt'] },
  ],
}

function open(doc: GraphDoc = chain) {
  const graph = new Graph(structuredClone(doc))
  return { graph, world: { graph, kinds: TEST_KINDS }, draft: new Draft(graph) }
}

describe('the document', () => {
  it('survives load and save, unknown members included', () => {
    const doc = { ...chain, colour: 'red', groups: [{ id: 'g1', name: 'G', nodes: [{ id: 'x', kind: 'who.knows', future: 1 }], note: 'kept' }] }
    expect(new Graph(structuredClone(doc)).toDoc()).toEqual(doc)
  })
})

describe('the connection rule', () => {
  it.each([
    ['integer', 'float', true],
    ['float', 'integer', false],
    ['boolean', 'string', true],
    ['any', 'image', true],
    ['string', 'message', false],
  ] as const)('%s into %s: %s', (a, b, expected) => expect(fits({ type: a }, { type: b })).toBe(expected))

  it('lets a shared tag through', () => expect(fits({ type: 'string', tags: ['json'] }, { type: 'object', tags: ['json'] })).toBe(true))

  it('refuses a cycle and a node into itself', () => {
    const { graph, world } = open()
    expect(refusal(world, graph.root, ['c', 'text'], ['b', 'texts'])).toBe('cycle')
    expect(refusal(world, graph.root, ['b', 'text'], ['b', 'texts'])).toBe('same')
    expect(reaches(graph.root, 'a', 'c')).toBe(true)
  })
})

describe('ports', () => {
  it('follow the mode and the dynamic list', () => {
    const { graph, world } = open()
    const ids = (values: Record<string, unknown>, kind: string) => portsOf(world, graph.root, { id: 'z', kind, values }).inputs.map((port) => port.id)
    expect(ids({}, 'numbers.add')).toEqual(['a', 'b', 'mode', 'after'])
    expect(ids({ mode: 'scaled' }, 'numbers.add')).toEqual(['a', 'b', 'mode', 'scale', 'after'])
    expect(ids({ names: ['who', { id: 'n', type: 'integer' }] }, 'text.template')).toEqual(['template', 'names', 'who', 'n', 'after'])
  })
  it('of a loop are its carried, collected and streamed values', () => {
    const { graph, world } = open({ groups: [{ id: 'g', interface: { inputs: [{ id: 'state', type: 'string' }, { id: 'index', type: 'integer' }], outputs: [{ id: 'next', type: 'string' }] } }] })
    const values = { group: 'g', carried: [{ input: 'state', output: 'next' }], collect: ['next'], stream: ['next'] }
    const ports = portsOf(world, graph.root, { id: 'l', kind: 'flow.loop', values })
    expect(ports.inputs.map((port) => port.id)).toEqual(['state', 'after'])
    expect(ports.outputs.map((port) => port.id)).toEqual(['next', 'collect.next', 'stream.next', 'iterations'])
  })
  it('of a ghost are those its wires name', () => {
    const { graph, world } = open({ nodes: [{ id: 'g', kind: 'gone.kind' }, { id: 'a', kind: 'text.constant' }], wires: [{ id: 'w', source: ['a', 'text'], target: ['g', 'old'] }] })
    expect(portsOf(world, graph.root, graph.root.nodes.get('g')!).inputs.map((port) => port.id)).toEqual(['old'])
  })
})

describe('geometry', () => {
  it('places every visible port inside its node', () => {
    const { graph, world } = open(gridGraph(12))
    for (const node of graph.root.nodes.values()) {
      const layout = layoutOf(world, graph.root, node)
      for (const [x, y] of [...layout.inputs.values(), ...layout.outputs.values()]) {
        expect([0, layout.w]).toContain(x)
        expect(y).toBeLessThan(layout.h)
      }
      for (const wire of graph.root.into(node.id)) expect(layout.inputs.has(wire.target[1])).toBe(true)
    }
  })
})

describe('wiring', () => {
  it('lets a single input go when it is wired anew, and keeps many', () => {
    const { draft, world, graph } = open()
    expect(connect(draft, world, ['a', 'text'], ['c', 'prompt'])).toBeTruthy()
    expect(graph.root.into('c', 'prompt')).toHaveLength(1)
    draft.addNode({ id: 'd', kind: 'text.constant' })
    connect(draft, world, ['d', 'text'], ['b', 'texts'])
    expect(graph.root.into('b', 'texts').map((wire) => wire.source[0])).toEqual(['a', 'd'])
  })
  it('maps over a list that meets a single value', () => {
    const { draft, world, graph } = open()
    draft.addNode({ id: 'l', kind: 'list.make' })
    const id = connect(draft, world, ['l', 'items'], ['c', 'prompt'])!
    expect(graph.root.wires.get(id)?.each).toBe(true)
  })
  it('re-plugs, splices and dissolves', () => {
    const { draft, world, graph } = open()
    draft.addNode({ id: 'p', kind: 'flow.pass' })
    expect(splice(draft, world, 'p', 'w2')).toBe(true)
    expect(graph.root.into('c', 'prompt')[0]!.source).toEqual(['p', 'out'])
    dissolve(draft, world, 'p')
    expect(graph.root.into('c', 'prompt')[0]!.source).toEqual(['b', 'text'])
    const wire = graph.root.into('c', 'prompt')[0]!
    expect(replug(draft, world, wire.id, 'source', ['a', 'text'])).toBe(true)
    expect(graph.root.into('c', 'prompt')[0]!.source).toEqual(['a', 'text'])
  })
})

describe('groups', () => {
  it('keep outer wires both ways', () => {
    const { draft, world, graph } = open()
    expect(canGroup(graph.root, new Set(['a', 'c']))).toBe(false)
    const id = makeGroup(draft, world, new Set(['b']), 'Middle')
    expect(graph.root.into(id)[0]!.source).toEqual(['a', 'text'])
    expect(graph.root.into('c')[0]!.source[0]).toBe(id)
    expect(graph.groupDoc('g1')!.wires).toHaveLength(2)
    const [back] = ungroup(draft, world, id)
    expect(graph.root.into(back!)[0]!.source).toEqual(['a', 'text'])
    expect(graph.root.into('c')[0]!.source).toEqual([back, 'text'])
    expect(graph.groups.size).toBe(0)
  })
})

describe('copy and paste', () => {
  it('gives new ids, keeps inner wires and, if asked, incoming ones', () => {
    const { draft, graph } = open()
    const clip = readClip(JSON.stringify(copied(graph, '', new Set(['b', 'c']))))!
    const pasted = paste(draft, clip, { x: 10, y: 20 }, true)
    expect(new Set(pasted.nodes).size).toBe(2)
    expect(graph.root.into(pasted.nodes[0]!)[0]!.source).toEqual(['a', 'text'])
    expect(graph.root.nodes.get(pasted.nodes[0]!)!.look).toMatchObject({ x: 10, y: 20 })
    expect(readClip('{"kind":"other"}')).toBeNull()
  })
})

describe('arranging', () => {
  it('aligns, spreads and pulls to guides', () => {
    const rects = new Map([
      ['a', { x: 0, y: 5, w: 10, h: 10 }],
      ['b', { x: 100, y: 50, w: 20, h: 10 }],
      ['c', { x: 40, y: 90, w: 10, h: 10 }],
    ])
    expect(arrange(rects, 'left').get('b')).toEqual({ x: 0, y: 50 })
    expect([...arrange(rects, 'columns').values()].map((p) => p.x)).toEqual([0, 50, 100])
    expect(guided({ x: 3, y: 200, w: 10, h: 10 }, [{ x: 0, y: 0, w: 30, h: 10 }], 6).dx).toBe(-3)
  })
})

describe('undo', () => {
  it.each(Array.from({ length: 25 }, (_, seed) => seed))('of random edits is the identity (seed %i)', (seed) => {
    const next = random(seed)
    const graph = new Graph(gridGraph(20))
    const world = { graph, kinds: TEST_KINDS }
    const states = [JSON.stringify(graph.toDoc())]
    const steps: ReturnType<typeof compact>[] = []
    for (let i = 0; i < 30; i++) {
      const draft = new Draft(graph)
      someEdit(draft, world, next)
      steps.push(compact(draft.changes))
      states.push(JSON.stringify(graph.toDoc()))
    }
    for (let i = steps.length - 1; i >= 0; i--) {
      apply(graph, inverse(steps[i]!))
      expect(JSON.stringify(graph.toDoc())).toBe(states[i])
    }
    for (let i = 0; i < steps.length; i++) {
      apply(graph, steps[i]!)
      expect(JSON.stringify(graph.toDoc())).toBe(states[i + 1])
    }
  })
})

function someEdit(draft: Draft, world: Parameters<typeof connect>[1], next: () => number): void {
  const nodes = [...draft.body.nodes.keys()]
  const pick = () => nodes[Math.floor(next() * nodes.length)] ?? ''
  const some = () => new Set(nodes.filter(() => next() < 0.2))
  const wires = [...draft.body.wires.keys()]
  const verbs = [
    () => draft.removeNodes(some()),
    () => some().forEach((id) => draft.look(id, { x: Math.floor(next() * 99) })),
    () => connect(draft, world, [pick(), 'text'], [pick(), next() < 0.5 ? 'texts' : 'prompt']),
    () => paste(draft, copied(draft.graph, '', some()), { x: 1, y: 2 }, next() < 0.5),
    () => draft.setValue(pick(), 'glue', next() < 0.5 ? '' : undefined),
    () => wires.length && draft.removeWire(wires[Math.floor(next() * wires.length)]!),
    () => wires.length && draft.reroute(wires[0]!, next() < 0.5 ? [[1, 2]] : []),
    () => draft.addFrame({ id: `f${Math.floor(next() * 1e9)}`, look: { x: 1 } }),
    () => [...draft.body.frames.keys()].slice(0, 1).forEach((id) => draft.removeFrame(id)),
    () => draft.setInterface({ inputs: next() < 0.5 ? [{ id: 'q', type: 'string' }] : [] }),
    () => {
      const ids = some()
      if (canGroup(draft.body, ids)) makeGroup(draft, world, ids, 'G')
    },
    () => {
      const holder = [...draft.body.nodes.values()].find((node) => node.kind === 'flow.group')
      if (holder) ungroup(draft, world, holder.id)
    },
    () => nodes.length && dissolve(draft, world, pick()),
  ]
  verbs[Math.floor(next() * verbs.length)]!()
}
