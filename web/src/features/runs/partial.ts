import type { GraphJson } from '@/api/types'
import type { RunView } from '@/lib/runs/fold'

/**
 * The outputs of a run as far as they are known: final ones, else the text that streams into them and what their nodes have given.
 * A final output without a value (a stream whose text was only passed on) shows the text that was seen.
 */
export function outputsSoFar(run: RunView, graph: GraphJson | undefined): Record<string, unknown> {
  const seen = seenAt(run, graph)
  if (!run.outputs) return seen
  return Object.fromEntries(Object.entries(run.outputs).map(([name, value]) => [name, value ?? seen[name] ?? null]))
}

function seenAt(run: RunView, graph: GraphJson | undefined): Record<string, unknown> {
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
