import { describe, expect, it } from 'vitest'
import type { GraphJson, Kind } from '@/api/types'
import { emptyRun, fold } from '@/lib/runs/fold'
import { nodeNames } from './names'
import { outputsSoFar } from './partial'

const graph: GraphJson = {
  nodes: [{ id: 'chat', kind: 'llm.chat' }, { id: 'count', kind: 'text.length', name: 'Count' }, { id: 'out', kind: 'graph.output' }],
  wires: [
    { id: 'w1', source: ['chat', 'text'], target: ['out', 'answer'] },
    { id: 'w2', source: ['count', 'number'], target: ['out', 'length'] },
  ],
  groups: [{ id: 'g', nodes: [{ id: 'inner', kind: 'text.join' }] }],
}
const streaming = fold(emptyRun(), [
  { kind: 'delta', seq: 1, path: 'chat', port: 'text', offset: 0, text: 'Good eve' },
  { kind: 'nodes', seq: 2, nodes: [['count', 'done', 1, { outputs: { number: 0 } }]] },
])

describe('the outputs of a run', () => {
  it('grow while text streams into them, and keep 0', () => {
    expect(outputsSoFar(streaming, graph)).toEqual({ answer: 'Good eve', length: 0 })
  })

  it('are the final ones as soon as there are any', () => {
    const over = fold(streaming, [{ kind: 'run', seq: 3, state: 'ok', outputs: { answer: 'Good evening', length: 12 } }])
    expect(outputsSoFar(over, graph)).toEqual({ answer: 'Good evening', length: 12 })
  })

  it('show the streamed text where the final value was not kept, and only the outputs that live', () => {
    const over = fold(streaming, [{ kind: 'run', seq: 3, state: 'ok', outputs: { answer: null } }])
    expect(outputsSoFar(over, graph)).toEqual({ answer: 'Good eve' })
  })
})

describe('the names of nodes', () => {
  const kinds = [{ id: 'llm.chat', title: 'Chat', words: { 'zh-CN': { title: '对话' } } }] as unknown as Kind[]
  it('are what people called them, else the kind in their language', () => {
    expect(nodeNames(graph, kinds, 'en')('chat')).toBe('Chat')
    expect(nodeNames(graph, kinds, 'zh-CN')('chat')).toBe('对话')
    expect(nodeNames(graph, kinds, 'en')('count')).toBe('Count')
    expect(nodeNames(graph)('g/inner')).toBe('g › text.join')
  })
})
