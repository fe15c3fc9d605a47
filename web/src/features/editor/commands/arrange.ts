import { arrange, type Arrangement } from '@/lib/graph/arrange'
import { union } from '@/lib/graph/geometry'
import { canGroup, makeGroup, ungroup } from '@/lib/graph/grouping'
import { minter } from '@/lib/graph/ids'
import type { CanvasContext } from '../canvas/context'
import type { Box } from '../canvas/scene'
import { severalNodes, someNodes, type Command } from './command'

const chosen = ({ session, scene }: CanvasContext): Box[] => [...session.selection.nodes].flatMap((id) => scene.boxes.get(id) ?? [])

function align(context: CanvasContext, how: Arrangement): void {
  const places = arrange(new Map(chosen(context).map((box) => [box.id, box])), how)
  move(context, places, 'align')
}

function move({ session }: CanvasContext, places: ReadonlyMap<string, { x: number; y: number }>, label: string): void {
  session.edit(label, (draft) => places.forEach((at, id) => draft.look(id, at)), { params: { count: places.size } })
}

const aligned = (how: Arrangement, key: string, icon: string): Command => ({ id: `align.${how}`, keys: [key], section: 'arrange', icon, when: severalNodes, run: (context) => align(context, how) })

/** Lay the selection, or everything, out from left to right. The layout engine is loaded when it is asked for. */
async function tidy(context: CanvasContext): Promise<void> {
  const { session, scene } = context
  const boxes = session.selection.nodes.size > 1 ? chosen(context) : [...scene.list()]
  if (!boxes.length) return
  const ids = new Set(boxes.map((box) => box.id))
  const [{ default: Elk }, { default: workerUrl }] = await Promise.all([import('elkjs/lib/elk-api.js'), import('elkjs/lib/elk-worker.min.js?url')])
  const elk = new Elk({ workerUrl })
  const laid = await elk.layout({
    id: 'root',
    layoutOptions: { 'elk.algorithm': 'layered', 'elk.direction': 'RIGHT', 'elk.layered.spacing.nodeNodeBetweenLayers': '88', 'elk.spacing.nodeNode': '48', 'elk.layered.nodePlacement.strategy': 'BRANDES_KOEPF' },
    children: boxes.map((box) => ({ id: box.id, width: box.w, height: box.h })),
    edges: [...scene.lines.values()].filter((line) => ids.has(line.from.id) && ids.has(line.to.id)).map((line) => ({ id: line.id, sources: [line.from.id], targets: [line.to.id] })),
  })
  elk.terminateWorker()
  const corner = union(boxes)!
  const places = new Map(laid.children?.map((child) => [child.id, { x: Math.round(corner.x + (child.x ?? 0)), y: Math.round(corner.y + (child.y ?? 0)) }]))
  session.edit(
    'tidy',
    (draft) => {
      places.forEach((at, id) => draft.look(id, at))
      for (const wire of draft.body.wires.list()) if (ids.has(wire.source[0]) && ids.has(wire.target[0]) && wire.look?.via) draft.reroute(wire.id, [])
    },
    { params: { count: places.size } },
  )
}

function frameSelection(context: CanvasContext): void {
  const { session, t } = context
  const box = union(chosen(context))
  if (!box) return
  const name = t('editor.frame.name')
  const id = session.edit('frame', (draft) => {
    const id = minter(draft.body).frame()
    draft.addFrame({ id, name, look: { x: box.x - 24, y: box.y - 48, width: box.w + 48, height: box.h + 72 } })
    for (const node of session.selection.nodes) draft.setNode(node, { frame: id })
    return id
  })
  session.selection.set({ frames: [id] })
}

function groupSelection(context: CanvasContext): void {
  const { session, say, t } = context
  const ids = new Set(session.selection.nodes)
  if (!canGroup(session.body, ids)) return say('groupCycle')
  const id = session.edit('group', (draft) => makeGroup(draft, session.world, ids, t('editor.group.name')), { params: { count: ids.size } })
  session.selection.set({ nodes: [id] })
  say('grouped', { count: ids.size })
}

const oneGroup = ({ session }: CanvasContext) => [...session.selection.nodes].some((id) => session.body.nodes.get(id)?.kind === 'flow.group')

export const arrangeCommands: Command[] = [
  aligned('left', 'Alt+A', 'i-lucide-align-start-vertical'),
  aligned('right', 'Alt+D', 'i-lucide-align-end-vertical'),
  aligned('top', 'Alt+W', 'i-lucide-align-start-horizontal'),
  aligned('bottom', 'Alt+S', 'i-lucide-align-end-horizontal'),
  aligned('middle', 'Alt+H', 'i-lucide-align-center-horizontal'),
  aligned('centre', 'Alt+V', 'i-lucide-align-center-vertical'),
  aligned('columns', 'Alt+Shift+H', 'i-lucide-align-horizontal-space-between'),
  aligned('rows', 'Alt+Shift+V', 'i-lucide-align-vertical-space-between'),
  { id: 'tidy', keys: ['Alt+Shift+T'], section: 'arrange', icon: 'i-lucide-network', run: (context) => void tidy(context) },
  { id: 'frame', keys: ['Mod+Shift+G'], section: 'group', icon: 'i-lucide-frame', when: someNodes, run: frameSelection },
  { id: 'group', keys: ['Mod+G'], section: 'group', icon: 'i-lucide-group', when: someNodes, run: groupSelection },
  { id: 'ungroup', keys: ['Mod+Alt+G'], section: 'group', icon: 'i-lucide-ungroup', when: oneGroup, run: (context) => {
    const { session } = context
    const holders = [...session.selection.nodes].filter((id) => session.body.nodes.get(id)?.kind === 'flow.group')
    const ids = session.edit('ungroup', (draft) => holders.flatMap((id) => ungroup(draft, session.world, id)))
    session.selection.set({ nodes: ids })
  } },
  { id: 'enter', keys: ['Mod+ArrowDown'], section: 'group', icon: 'i-lucide-log-in', when: ({ session }) => session.selection.active !== null, run: ({ session, enter }) => enter(session.selection.active!) },
  { id: 'leave', keys: ['Mod+ArrowUp'], section: 'group', icon: 'i-lucide-log-out', when: ({ session }) => session.path.value.length > 0, run: ({ session }) => void (session.path.value = session.path.value.slice(0, -1)) },
]
