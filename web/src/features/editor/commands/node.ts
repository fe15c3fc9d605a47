import type { NodeDoc } from '@/lib/graph/document'
import { minter } from '@/lib/graph/ids'
import { dissolve } from '@/lib/graph/wiring'
import type { CanvasContext } from '../canvas/context'
import { activeNode, someNodes, type Command } from './command'
import { freePlace } from './clipboard'

/** Set a mode on all selected nodes, or take it off when all have it. */
function mode({ session }: CanvasContext, wanted: 'mute' | 'bypass'): void {
  const nodes = [...session.selection.nodes].flatMap((id) => session.body.nodes.get(id) ?? [])
  const off = nodes.every((node) => node.mode === wanted)
  session.edit(off ? 'normal' : wanted, (draft) => nodes.forEach((node) => draft.setNode(node.id, { mode: off ? undefined : wanted })), { params: { count: nodes.length } })
}

/** Fix the outputs of the last run, or let them go. */
function pin(context: CanvasContext): void {
  const { session, say } = context
  const nodes = [...session.selection.nodes].flatMap((id) => session.body.nodes.get(id) ?? [])
  const off = nodes.every((node) => Object.keys(node.pins ?? {}).length)
  const pins = (node: NodeDoc) => session.lens.peek(session.runPath(node.id))?.node.outputs
  const able = off ? nodes : nodes.filter((node) => Object.keys(pins(node) ?? {}).length)
  if (!able.length) return say('nothingToPin')
  session.edit(off ? 'unpin' : 'pin', (draft) => able.forEach((node) => draft.setNode(node.id, { pins: off ? undefined : { ...pins(node) } })), { params: { count: able.length } })
}

function collapse({ session }: CanvasContext): void {
  const nodes = [...session.selection.nodes].flatMap((id) => session.body.nodes.get(id) ?? [])
  const off = nodes.every((node) => node.look?.collapsed)
  session.edit(off ? 'expand' : 'collapse', (draft) => nodes.forEach((node) => draft.look(node.id, { collapsed: off ? undefined : true })), { params: { count: nodes.length } })
}

const about = (what: 'to' | 'only' | 'from') => (context: CanvasContext) => {
  const node = activeNode(context)
  if (node) context.run(what, node)
}
const hasActive = (context: CanvasContext) => activeNode(context) !== null

export const nodeCommands: Command[] = [
  { id: 'inspect', keys: ['Enter'], section: 'node', icon: 'i-lucide-sliders-horizontal', when: hasActive, run: (context) => context.inspect(activeNode(context)!) },
  { id: 'rename', keys: ['F2'], section: 'node', icon: 'i-lucide-text-cursor-input', when: hasActive, run: (context) => void (context.session.editing.value = { node: activeNode(context)!, port: '$name' }) },
  { id: 'connect', keys: ['C'], section: 'node', icon: 'i-lucide-cable', when: hasActive, run: ({ wire }) => wire('connect') },
  { id: 'wires', keys: ['Shift+C'], section: 'node', icon: 'i-lucide-list', when: hasActive, run: ({ wire }) => wire('wires') },
  { id: 'mute', keys: ['M'], section: 'node', icon: 'i-lucide-circle-off', when: someNodes, run: (context) => mode(context, 'mute') },
  { id: 'bypass', keys: ['B'], section: 'node', icon: 'i-lucide-redo-dot', when: someNodes, run: (context) => mode(context, 'bypass') },
  { id: 'pin', keys: ['P'], section: 'node', icon: 'i-lucide-pin', when: someNodes, run: pin },
  { id: 'collapse', keys: ['K'], section: 'node', icon: 'i-lucide-chevrons-down-up', when: someNodes, run: collapse },
  { id: 'dissolve', keys: ['X'], section: 'node', icon: 'i-lucide-unlink', when: someNodes, run: ({ session }) => session.edit('dissolve', (draft) => [...session.selection.nodes].forEach((id) => dissolve(draft, session.world, id))) },
  { id: 'note', keys: ['N'], section: 'add', icon: 'i-lucide-sticky-note', run: (context) => {
    const { session } = context
    const id = session.edit('add', (draft) => {
      const id = minter(draft.body).node()
      draft.addNode({ id, kind: 'graph.note', look: freePlace(context) })
      return id
    }, { params: { name: context.t('editor.command.note') } })
    session.selection.set({ nodes: [id] })
    session.editing.value = { node: id, port: 'text' }
  } },
  { id: 'runTo', keys: ['Shift+Enter'], section: 'run', icon: 'i-lucide-arrow-right-to-line', when: hasActive, run: about('to') },
  { id: 'runFrom', section: 'run', icon: 'i-lucide-arrow-right-from-line', when: hasActive, run: about('from') },
  { id: 'runOnly', keys: ['Alt+Enter'], section: 'run', icon: 'i-lucide-circle-play', when: hasActive, run: about('only') },
]
