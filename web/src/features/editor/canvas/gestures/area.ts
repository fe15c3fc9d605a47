import { crosses } from '@/lib/graph/curve'
import { overlaps, type Rect } from '@/lib/graph/geometry'
import type { CanvasContext, Gesture } from '../context'

/** Select what a box touches; with Ctrl it is added to what was selected. */
export function boxGesture(context: CanvasContext, start: PointerEvent): Gesture {
  const { session, scene, flow, overlay } = context
  const from = flow.toFlow(start.clientX, start.clientY)
  const before = start.ctrlKey || start.metaKey ? new Set(session.selection.nodes) : new Set<string>()
  const finish = () => {
    overlay.box = null
    flow.busy(false)
    context.repaint()
  }
  return {
    move(event) {
      const to = flow.toFlow(event.clientX, event.clientY)
      if (!overlay.box) flow.busy(true)
      const box: Rect = { x: Math.min(from.x, to.x), y: Math.min(from.y, to.y), w: Math.abs(to.x - from.x), h: Math.abs(to.y - from.y) }
      overlay.box = box
      const inside = scene.list().filter((node) => overlaps(node, box)).map((node) => node.id)
      const nodes = new Set([...before, ...inside])
      if (nodes.size !== session.selection.nodes.size || inside.some((id) => !session.selection.nodes.has(id))) {
        const frames = scene.frames.filter(({ rect }) => rect.x >= box.x && rect.y >= box.y && rect.x + rect.w <= box.x + box.w && rect.y + rect.h <= box.y + box.h)
        session.selection.set({ nodes, frames: frames.map(({ frame }) => frame.id) })
      }
      context.repaint()
    },
    end(_event, moved) {
      finish()
      if (!moved) session.selection.clear()
      else context.say('selected', { count: session.selection.nodes.size })
    },
    cancel: finish,
  }
}

/** Cut every wire that a line crosses. */
export function cutGesture(context: CanvasContext, start: PointerEvent): Gesture {
  const { session, scene, flow, overlay } = context
  const from = flow.toFlow(start.clientX, start.clientY)
  const finish = () => {
    overlay.cut = null
    flow.busy(false)
    context.repaint()
  }
  return {
    move(event) {
      if (!overlay.cut) flow.busy(true)
      const to = flow.toFlow(event.clientX, event.clientY)
      overlay.cut = [
        [from.x, from.y],
        [to.x, to.y],
      ]
      context.repaint()
    },
    end() {
      const cut = overlay.cut
      finish()
      if (!cut) return
      const wires = [...scene.lines.values()].filter((line) => crosses(line.course, cut[0], cut[1]))
      if (wires.length) session.edit('cut', (draft) => wires.forEach((line) => draft.removeWire(line.id)), { params: { count: wires.length } })
    },
    cancel: finish,
  }
}
