import { describe, expect, it } from 'vitest'
import cases from '../../../../tests/golden/graph/connects.json'
import type { GraphDoc } from './document'
import { Graph } from './model'
import { portsOf } from './ports'
import { fits, refused, wantsEach, type Socket } from './rule'
import { TEST_KINDS } from './testing'

interface Case {
  why: string
  source: Socket
  target: Socket
  each?: boolean
  refusal: string | null
}

describe('the connection rule, as the server has it', () => {
  it.each(cases as Case[])('$why', ({ source, target, each, refusal }) => expect(refused(source, target, each)).toBe(refusal))

  it('maps over a list where one item is wanted, and over nothing else', () => {
    expect(wantsEach({ type: 'array' }, { type: 'string' })).toBe(true)
    expect(wantsEach({ type: 'integer', stream: true }, { type: 'float' })).toBe(true)
    expect(wantsEach({ type: 'messages' }, { type: 'string' })).toBe(false)
    expect(wantsEach({ type: 'string' }, { type: 'integer' })).toBe(false)
  })
})

describe('a Map without a list of mapped inputs', () => {
  const doc: GraphDoc = {
    nodes: [
      { id: 'list', kind: 'text.template', values: {} },
      { id: 'in', kind: 'graph.input' },
      { id: 'map', kind: 'flow.map', values: { group: 'g' } },
    ],
    wires: [
      { id: 'w1', source: ['in', 'many'], target: ['map', 'one'] },
      { id: 'w2', source: ['list', 'text'], target: ['map', 'same'] },
    ],
    interface: { inputs: [{ id: 'many', type: 'array' }] },
    groups: [{ id: 'g', interface: { inputs: [{ id: 'one', type: 'string' }, { id: 'same', type: 'string' }, { id: 'free', type: 'string' }, { id: 'whole', type: 'array' }], outputs: [] } }],
  }
  const graph = new Graph(doc)
  const { inputs } = portsOf({ graph, kinds: TEST_KINDS }, graph.root, graph.root.nodes.get('map')!)

  it('takes apart only what arrives as a list', () => expect(inputs.slice(0, 4).map(({ id, type }) => [id, type])).toEqual([['one', 'array'], ['same', 'string'], ['free', 'string'], ['whole', 'array']]))
  it('would take apart a list at an input that is still free', () => expect(fits({ type: 'array' }, inputs.find(({ id }) => id === 'free')!)).toBe(true))
})
