import { copied, paste, readClip, type Clip } from '@/lib/graph/clip'
import { overlaps } from '@/lib/graph/geometry'
import { minter } from '@/lib/graph/ids'
import type { CanvasContext } from '../canvas/context'
import { someNodes, type Command } from './command'

let kept: string | null = null
let pastes = 0

/** The selection as JSON text; null when nothing is selected. */
export function copyText({ session }: CanvasContext): string | null {
  const { nodes, frames } = session.selection
  if (!nodes.size && !frames.size) return null
  kept = JSON.stringify(copied(session.graph, session.bodyId.value, nodes, frames))
  pastes = 0
  return kept
}

/** Paste a clip, or make a text node of any other text, at a place or beside the last paste. */
export function pasteText(context: CanvasContext, text: string, links = false, at?: { x: number; y: number }): boolean {
  const clip = readClip(text)
  if (!clip) return text.trim() ? textNode(context, text, at ?? centre(context)) : false
  const place = at ?? beside(context, clip)
  const made = context.session.edit('paste', (draft) => paste(draft, clip, place, links), { params: { count: clip.nodes.length } })
  context.session.selection.set({ nodes: made.nodes, frames: made.frames })
  return true
}

function textNode({ session }: CanvasContext, text: string, at: { x: number; y: number }): boolean {
  if (!session.kinds.value.has('text.constant')) return false
  const id = session.edit('paste', (draft) => {
    const id = minter(draft.body).node()
    const port = session.kinds.value.get('text.constant')!.inputs?.[0]?.id ?? 'text'
    draft.addNode({ id, kind: 'text.constant', values: { [port]: text }, look: at })
    return id
  })
  session.selection.set({ nodes: [id] })
  return true
}

/** Where a clip goes by itself: a step beside where it was, or the middle of the view when that is out of sight. */
function beside(context: CanvasContext, clip: Clip): { x: number; y: number } {
  const looks = [...clip.nodes, ...(clip.frames ?? [])].map((item) => item.look ?? {})
  const corner = { x: Math.min(...looks.map((look) => look.x ?? 0)), y: Math.min(...looks.map((look) => look.y ?? 0)) }
  const step = 32 * ++pastes
  const { x, y, zoom } = context.flow.view()
  const { w, h } = context.flow.size()
  const [sx, sy] = [(corner.x + step) * zoom + x, (corner.y + step) * zoom + y]
  return sx > 0 && sy > 0 && sx < w - 60 && sy < h - 60 ? { x: corner.x + step, y: corner.y + step } : centre(context)
}

export function centre({ flow }: CanvasContext): { x: number; y: number } {
  const { x, y, zoom } = flow.view()
  const { w, h } = flow.size()
  return { x: Math.round((w / 2 - x) / zoom - 120), y: Math.round((h / 2 - y) / zoom - 60) }
}

/** A place in the middle of the view that no node covers yet: steps aside until it is free. */
export function freePlace(context: CanvasContext, w = 248, h = 140): { x: number; y: number } {
  const at = centre(context)
  for (let ring = 0; ring < 40; ring++) {
    const [x, y] = [at.x + (ring % 4) * 64, at.y + ring * 40]
    if (!context.scene.list().some((box) => overlaps(box, { x: x - 12, y: y - 12, w: w + 24, h: h + 24 }))) return { x, y }
  }
  return at
}

export function removeSelected({ session, say }: CanvasContext): void {
  const { nodes, wires, frames } = session.selection
  const count = nodes.size + wires.size + frames.size
  if (!count) return
  session.edit(
    'remove',
    (draft) => {
      for (const id of wires) draft.removeWire(id)
      draft.removeNodes([...nodes])
      for (const id of frames) draft.removeFrame(id)
    },
    { params: { count } },
  )
  say('removed', { count })
}

async function toClipboard(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text)
  } catch {
    // The browser keeps the clipboard closed here: what was copied is kept in this tab.
  }
}

async function fromClipboard(context: CanvasContext, links: boolean): Promise<void> {
  let text = kept
  try {
    text = (await navigator.clipboard.readText()) || kept
  } catch {
    // as above
  }
  if (text) pasteText(context, text, links)
}

/** Copy and paste for menus and the palette; the keys use the browser's own clipboard events. */
export const clipboardCommands: Command[] = [
  { id: 'cut', section: 'edit', icon: 'i-lucide-scissors', when: someNodes, run: (context) => {
    const text = copyText(context)
    if (text) void toClipboard(text)
    removeSelected(context)
  } },
  { id: 'copy', section: 'edit', icon: 'i-lucide-copy', when: someNodes, run: (context) => {
    const text = copyText(context)
    if (text) void toClipboard(text)
  } },
  { id: 'paste', section: 'edit', icon: 'i-lucide-clipboard-paste', run: (context) => void fromClipboard(context, false) },
  { id: 'pasteLinked', section: 'edit', icon: 'i-lucide-clipboard-list', run: (context) => void fromClipboard(context, true) },
  { id: 'duplicate', keys: ['Mod+D'], section: 'edit', icon: 'i-lucide-copy-plus', when: someNodes, run: (context) => {
    const before = kept
    const text = copyText(context)
    if (text) pasteText(context, text)
    kept = before
  } },
  { id: 'remove', keys: ['Delete', 'Backspace'], section: 'edit', icon: 'i-lucide-trash-2', when: ({ session }) => session.selection.size > 0, run: removeSelected },
]
