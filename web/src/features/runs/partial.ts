import type { GraphJson } from '@/api/types'
import type { RunView } from '@/lib/runs/fold'

/** The outputs of a run as far as they are known: final ones, else the text that streams into them and what their nodes have given. */
export function outputsSoFar(run: RunView, graph: GraphJson | undefined): Record<string, unknown> {
  if (run.outputs) return run.outputs
  const found: Record<string, unknown> = {}
  const ends = new Set((graph?.nodes ?? []).filter(({ kind }) => kind === 'graph.output').map(({ id }) => id))
  for (const { source, target } of graph?.wires ?? []) {
    if (!ends.has(target[0])) continue
    const text = run.texts.get(`${source[0]}:${source[1]}`)?.text
    const value = text ?? run.nodes.get(source[0])?.outputs?.[source[1]]
    if (value !== undefined) found[target[1]] = value
  }
  return found
}
