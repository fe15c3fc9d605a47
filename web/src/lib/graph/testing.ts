/** Small kinds and random graphs for tests and benchmarks. */

import type { GraphDoc, NodeDoc, WireDoc } from './document'
import type { Kind } from './kinds'

const list: Kind[] = [
  {
    id: 'text.constant',
    title: 'Text',
    description: 'A fixed text.',
    family: 'text',
    inputs: [{ id: 'text', type: 'string', title: 'Text', widget: { kind: 'textarea', rows: 3 }, handle: false }],
    outputs: [{ id: 'text', type: 'string', title: 'Text' }],
  },
  {
    id: 'text.join',
    title: 'Join',
    description: 'Joins texts.',
    family: 'text',
    inputs: [
      { id: 'texts', type: 'string', title: 'Texts', many: true, required: true },
      { id: 'glue', type: 'string', title: 'Glue', widget: { kind: 'text' }, default: ', ' },
    ],
    outputs: [{ id: 'text', type: 'string', title: 'Text' }],
  },
  {
    id: 'text.template',
    title: 'Template',
    description: 'Fills a template.',
    family: 'text',
    inputs: [
      { id: 'template', type: 'string', title: 'Template', widget: { kind: 'code', language: 'jinja' }, handle: false },
      { id: 'names', type: 'array', title: 'Names', widget: { kind: 'ports' }, handle: false },
    ],
    outputs: [{ id: 'text', type: 'string', title: 'Text' }],
    dynamic_inputs: 'names',
  },
  {
    id: 'numbers.add',
    title: 'Add',
    description: 'Adds numbers.',
    family: 'numbers',
    inputs: [
      { id: 'a', type: 'float', title: 'A', widget: { kind: 'number' }, required: true },
      { id: 'b', type: 'float', title: 'B', widget: { kind: 'slider', minimum: 0, maximum: 10 }, default: 0 },
      { id: 'mode', type: 'string', title: 'Mode', widget: { kind: 'select', options: ['plain', 'scaled'] }, default: 'plain', handle: false },
      { id: 'scale', type: 'float', title: 'Scale', widget: { kind: 'number' } },
    ],
    outputs: [{ id: 'sum', type: 'float', title: 'Sum' }],
    modes: { plain: [], scaled: ['scale'] },
  },
  {
    id: 'llm.chat',
    title: 'Chat',
    description: 'Asks a model.',
    family: 'llm',
    icon: 'i-lucide-message-square',
    inputs: [
      { id: 'prompt', type: 'string', title: 'Prompt', required: true, widget: { kind: 'textarea' } },
      { id: 'model', type: 'string', title: 'Model', widget: { kind: 'model', capability: 'chat' }, default: 'demo/demo', handle: false },
    ],
    outputs: [
      { id: 'text', type: 'string', title: 'Text', stream: true },
      { id: 'message', type: 'message', title: 'Message' },
    ],
    effect: 'nondet',
  },
  { id: 'list.make', title: 'List', description: 'A list.', family: 'flow', outputs: [{ id: 'items', type: 'array', title: 'Items' }], inputs: [] },
  { id: 'flow.pass', title: 'Pass', description: 'Passes on.', family: 'flow', inputs: [{ id: 'in', type: 'any', title: 'In', convertible: true }], outputs: [{ id: 'out', type: 'any', title: 'Out', convertible: true }] },
  { id: 'graph.input', title: 'Inputs', description: 'What comes in.', family: 'graph', control: 'input' },
  { id: 'graph.output', title: 'Outputs', description: 'What goes out.', family: 'graph', control: 'output' },
  { id: 'graph.note', title: 'Note', description: 'For people.', family: 'graph', control: 'note', inputs: [{ id: 'text', type: 'string', widget: { kind: 'textarea' }, handle: false }] },
  { id: 'flow.group', title: 'Group', description: 'A group.', family: 'flow', control: 'group' },
  { id: 'flow.map', title: 'Map', description: 'For each.', family: 'flow', control: 'map' },
  { id: 'flow.loop', title: 'Loop', description: 'Again.', family: 'flow', control: 'loop' },
]

export const TEST_KINDS: ReadonlyMap<string, Kind> = new Map(list.map((kind) => [kind.id, kind]))

/** A source of numbers from 0 to 1 that is the same for the same seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** A grid of `count` chat nodes with about 1.5 wires each; the same every time. */
export function gridGraph(count: number, gap: [number, number] = [360, 330]): GraphDoc {
  const next = random(42)
  const columns = Math.ceil(Math.sqrt(count))
  const nodes: NodeDoc[] = Array.from({ length: count }, (_, i) => ({
    id: `n${i + 1}`,
    kind: i % 3 ? 'text.join' : 'llm.chat',
    name: `Node ${i + 1}`,
    values: { glue: ` - ${i} - `, prompt: `a prompt number ${i}` },
    look: { x: (i % columns) * gap[0], y: Math.floor(i / columns) * gap[1] },
  }))
  const wires: WireDoc[] = []
  const seen = new Set<string>()
  for (let tries = 0; wires.length < count * 1.5 && tries < count * 30; tries++) {
    const a = Math.floor(next() * count)
    const near = next() < 0.85
    const b = near ? a + 1 + Math.floor(next() * 3) : a + columns * (1 + Math.floor(next() * 2)) + Math.floor(next() * 3) - 1
    if (b <= a || b >= count || (near && Math.floor(a / columns) !== Math.floor(b / columns)) || seen.has(`${a}|${b}`)) continue
    seen.add(`${a}|${b}`)
    wires.push({ id: `w${wires.length + 1}`, source: [`n${a + 1}`, 'text'], target: [`n${b + 1}`, b % 3 ? 'texts' : 'prompt'] })
  }
  return { format: 'comfytavern.graph', version: 1, nodes, wires }
}
