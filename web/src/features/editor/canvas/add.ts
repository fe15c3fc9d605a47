import { snapped } from '@/lib/graph/arrange'
import type { NodeDoc } from '@/lib/graph/document'
import { kindTitle, type Kind } from '@/lib/graph/kinds'
import { minter } from '@/lib/graph/ids'
import { bestPartner, connect, splice } from '@/lib/graph/wiring'
import type { AddRequest, CanvasContext } from './context'

/** Place a node of `kind` and wire it to what asked for it: one undo step. Returns its id. */
export function placeNode(context: CanvasContext, kind: Kind, request: Pick<AddRequest, 'at' | 'loose' | 'wire'>): string {
  const { session, locale, say } = context
  const title = kindTitle(kind, locale())
  const id = session.edit(
    'add',
    (draft) => {
      const id = minter(draft.body).node()
      const { loose } = request
      const node: NodeDoc = { id, kind: kind.id, look: { x: snapped(request.at.x - (loose?.side === 'inputs' ? 248 : 0)), y: snapped(request.at.y - (loose ? 48 : 0)) } }
      if ((kind.version ?? 1) !== 1) node.kind_version = kind.version
      if (kind.control === 'group' || kind.control === 'map' || kind.control === 'loop') node.values = { group: emptyGroup(draft, title) }
      draft.addNode(node)
      if (loose) {
        const partner = bestPartner(session.world, draft.body, node, loose.side === 'outputs' ? 'inputs' : 'outputs', loose.port)
        if (partner && loose.side === 'outputs') connect(draft, session.world, loose.end, [id, partner.id])
        else if (partner) connect(draft, session.world, [id, partner.id], loose.end)
      }
      if (request.wire) splice(draft, session.world, id, request.wire)
      return id
    },
    { params: { name: title } },
  )
  session.selection.set({ nodes: [id] })
  say('added', { name: title })
  return id
}

/** A group with its two doors, ready to be entered. */
function emptyGroup(draft: Parameters<Parameters<CanvasContext['session']['edit']>[1]>[0], name: string): string {
  const id = minter(draft.body, draft.graph).group()
  draft.addGroup({ id, name, nodes: [{ id: 'in', kind: 'graph.input', look: { x: 0, y: 0 } }, { id: 'out', kind: 'graph.output', look: { x: 640, y: 0 } }] })
  return id
}
