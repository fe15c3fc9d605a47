import type { GraphJson, Kind } from '@/api/types'

/** Names of the nodes of a run by path: what people called them, else the title of their kind in the reader's language. A path is node ids joined by `/`, with `#n` for rounds. */
export function nodeNames(graph: GraphJson, kinds: Kind[] = [], locale = 'en'): (path: string) => string {
  const titles = new Map(kinds.map((kind) => [kind.id, kind.words?.[locale]?.title ?? kind.title]))
  const own = new Map<string, string>()
  for (const body of [graph, ...(graph.groups ?? [])]) for (const node of body.nodes ?? []) own.set(node.id, node.name || titles.get(node.kind) || node.kind)
  return (path) => path.split('/').map((part) => {
    const [id = part, round] = part.split(/[#[]/)
    const name = own.get(id) ?? id
    return round === undefined ? name : `${name} ${Number.parseInt(round, 10) + 1 || round}`
  }).join(' › ')
}
