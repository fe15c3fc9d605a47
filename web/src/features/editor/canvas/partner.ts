import type { Port } from '@/lib/graph/document'
import type { Kind } from '@/lib/graph/kinds'
import { Body } from '@/lib/graph/model'
import { portsOf } from '@/lib/graph/ports'
import { closeness } from '@/lib/graph/rule'
import type { EditorSession } from '../session/session'
import type { Loose } from './context'

const nowhere = new Body('')

/** How well a fresh node of `kind` would take the other end of a wire; 0 = not at all. */
export function partnerScore(session: EditorSession, kind: Kind, loose: Loose): number {
  const ports = portsOf(session.world, nowhere, { id: '?', kind: kind.id })
  const side: Port[] = loose.side === 'outputs' ? ports.inputs : ports.outputs
  return Math.max(0, ...side.filter((port) => port.id !== 'after' && port.handle !== false).map((port) => (loose.side === 'outputs' ? closeness(loose.port, port) : closeness(port, loose.port))))
}
