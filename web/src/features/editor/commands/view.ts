import { union } from '@/lib/graph/geometry'
import type { CanvasContext } from '../canvas/context'
import { centre } from './clipboard'
import type { Command } from './command'
import { walk } from './walk'

function fit(context: CanvasContext, only: boolean): void {
  const { scene, session, flow } = context
  const chosen = only ? [...session.selection.nodes].flatMap((id) => scene.boxes.get(id) ?? []) : [...scene.list(), ...scene.frames.map(({ rect }) => rect)]
  const rect = union(chosen)
  if (rect) flow.fit(rect, { zoomMax: only ? 1.4 : 1, smooth: true })
}

function zoom({ flow }: CanvasContext, factor: number | null): void {
  const { x, y, zoom: now } = flow.view()
  const { w, h } = flow.size()
  const next = Math.max(0.1, Math.min(4, factor === null ? 1 : now * factor))
  flow.setView({ x: w / 2 - ((w / 2 - x) / now) * next, y: h / 2 - ((h / 2 - y) / now) * next, zoom: next }, true)
}

function openAdd(context: CanvasContext): void {
  const at = centre(context)
  const active = context.session.selection.active
  const box = active ? context.scene.boxes.get(active) : undefined
  const place = box ? { x: box.x + box.w + 80, y: box.y } : at
  const screen = context.flow.toScreen(place.x, place.y)
  const bounds = context.host().getBoundingClientRect()
  context.add({ x: Math.min(bounds.right - 320, Math.max(bounds.left + 20, screen.x)), y: Math.min(bounds.bottom - 380, Math.max(bounds.top + 20, screen.y)), at: place })
}

/** Move the selection by the keyboard; steps that follow each other are one step. */
function nudge(context: CanvasContext, dx: number, dy: number): void {
  const { session } = context
  session.edit(
    'move',
    (draft) => {
      for (const id of session.selection.nodes) {
        const look = draft.body.nodes.get(id)?.look
        draft.look(id, { x: (look?.x ?? 0) + dx, y: (look?.y ?? 0) + dy })
      }
    },
    { params: { count: session.selection.nodes.size }, key: 'nudge' },
  )
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] } as const
const arrows = Object.entries(ARROWS).flatMap(([key, [dx, dy]]): Command[] => [
  { id: `walk.${key}`, keys: [key, `Shift+${key}`], section: 'view', run: () => {} },
  { id: `nudge.${key}`, keys: [`Alt+${key}`], section: 'arrange', run: (context) => nudge(context, dx * 8, dy * 8) },
  { id: `nudgeFar.${key}`, keys: [`Alt+Shift+${key}`], section: 'arrange', run: (context) => nudge(context, dx * 80, dy * 80) },
])

/** Arrow keys need the event itself: Shift extends the selection. */
export function arrowKey(context: CanvasContext, event: KeyboardEvent): boolean {
  if (!(event.key in ARROWS) || event.altKey || event.ctrlKey || event.metaKey) return false
  walk(context, ARROWS[event.key as keyof typeof ARROWS], event.shiftKey)
  return true
}

export const viewCommands: Command[] = [
  { id: 'undo', keys: ['Mod+Z'], section: 'edit', icon: 'i-lucide-undo-2', when: ({ session }) => session.history.done.length > 0, run: ({ session, say, t }) => {
    const step = session.undo()
    if (step) say('undone', { what: t(`editor.history.${step.label}`, step.params) })
  } },
  { id: 'redo', keys: ['Mod+Shift+Z', 'Mod+Y'], section: 'edit', icon: 'i-lucide-redo-2', when: ({ session }) => session.history.undone.length > 0, run: ({ session, say, t }) => {
    const step = session.redo()
    if (step) say('redone', { what: t(`editor.history.${step.label}`, step.params) })
  } },
  { id: 'add', keys: ['A', '/'], section: 'add', icon: 'i-lucide-plus', run: openAdd },
  { id: 'selectAll', keys: ['Mod+A'], section: 'edit', icon: 'i-lucide-square-dashed-mouse-pointer', run: ({ session }) => session.selection.set({ nodes: session.body.nodes.keys(), frames: session.body.frames.keys() }) },
  { id: 'deselect', keys: ['Escape'], section: 'edit', run: ({ session }) => {
    if (session.selection.size) session.selection.clear()
    else if (session.path.value.length) session.path.value = session.path.value.slice(0, -1)
  } },
  { id: 'fit', keys: ['1', '.'], section: 'view', icon: 'i-lucide-maximize', run: (context) => fit(context, context.session.selection.nodes.size > 1) },
  { id: 'fitSelection', keys: ['2'], section: 'view', icon: 'i-lucide-scan', run: (context) => fit(context, true) },
  { id: 'zoomReset', keys: ['0'], section: 'view', icon: 'i-lucide-scan-line', run: (context) => zoom(context, null) },
  { id: 'zoomIn', keys: ['+', '='], section: 'view', icon: 'i-lucide-zoom-in', run: (context) => zoom(context, 1.25) },
  { id: 'zoomOut', keys: ['-'], section: 'view', icon: 'i-lucide-zoom-out', run: (context) => zoom(context, 0.8) },
  { id: 'snap', section: 'view', icon: 'i-lucide-magnet', run: ({ snap }) => void (snap.value = !snap.value) },
  { id: 'lock', section: 'view', icon: 'i-lucide-lock', run: ({ locked }) => void (locked.value = !locked.value) },
  { id: 'home', keys: ['Home'], section: 'view', run: (context) => walk(context, 'home', false) },
  ...arrows,
]
