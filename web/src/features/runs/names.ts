import type { GraphJson } from '@/api/types'

/** Names of the nodes of a run by path: what people called them, else their kind. A path is node ids joined by `/`, with `#n` for rounds. */
export function nodeNames(graph: GraphJson): (path: string) => string {
  const own = new Map<string, string>()
  for (const body of [graph, ...(graph.groups ?? [])]) for (const node of body.nodes ?? []) own.set(node.id, node.name || node.kind)
  return (path) => path.split('/').map((part) => {
    const [id = part, round] = part.split(/[#[]/)
    const name = own.get(id) ?? id
    return round === undefined ? name : `${name} ${Number.parseInt(round, 10) + 1 || round}`
  }).join(' › ')
}
