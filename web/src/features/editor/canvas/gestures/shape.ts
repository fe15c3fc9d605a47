import { snapped } from '@/lib/graph/arrange'
import type { FrameDoc, Point } from '@/lib/graph/document'
import { HEADER, WIDTH_MIN, type Rect } from '@/lib/graph/geometry'
import type { CanvasContext, Gesture } from '../context'
import type { Box, Line } from '../scene'

/** Resize a node by its corner. */
export function resizeGesture(context: CanvasContext, box: Box, start: PointerEvent): Gesture {
  const { session, flow, overlay, host } = context
  const from = flow.toFlow(start.clientX, start.clientY)
  const element = host().querySelector<HTMLElement>(`[data-node="${CSS.escape(box.id)}"]`)
  const size = { w: box.w, h: box.h }
  const settled = (value: number) => (context.snap.value ? snapped(value) : Math.round(value))
  const finish = () => {
    overlay.resize = null
    flow.busy(false)
    context.repaint()
  }
  return {
    move(event) {
      if (!overlay.resize) flow.busy(true)
      const to = flow.toFlow(event.clientX, event.clientY)
      size.w = Math.max(WIDTH_MIN, settled(box.w + to.x - from.x))
      size.h = Math.max(HEADER, settled(box.h + to.y - from.y))
      overlay.resize = { node: box.id, ...size }
      if (element) Object.assign(element.style, { width: `${size.w}px`, height: `${size.h}px` })
      context.repaint()
    },
    end(_event, moved) {
      finish()
      if (element) Object.assign(element.style, { width: `${box.w}px`, height: `${box.h}px` })
      if (moved) session.edit('resize', (draft) => draft.look(box.id, { width: size.w, height: size.h }), { params: { name: box.title } })
    },
    cancel: finish,
  }
}

/** Resize a frame by its corner. */
export function frameGesture(context: CanvasContext, frame: FrameDoc, rect: Rect, start: PointerEvent): Gesture {
  const { session, flow, overlay } = context
  const from = flow.toFlow(start.clientX, start.clientY)
  const finish = () => {
    overlay.frame = null
    flow.busy(false)
    context.repaint()
  }
  return {
    move(event) {
      if (!overlay.frame) flow.busy(true)
      const to = flow.toFlow(event.clientX, event.clientY)
      overlay.frame = { id: frame.id, rect: { ...rect, w: Math.max(120, snapped(rect.w + to.x - from.x)), h: Math.max(80, snapped(rect.h + to.y - from.y)) } }
      context.repaint()
    },
    end() {
      const made = overlay.frame?.rect
      finish()
      if (made) session.edit('resize', (draft) => draft.setFrame(frame.id, { look: { ...frame.look, width: made.w, height: made.h } }), { params: { name: frame.name ?? '' } })
    },
    cancel: finish,
  }
}

/** Move a reroute point; held over nothing it stays, a click on it removes it. */
export function stopGesture(context: CanvasContext, line: Line, index: number): Gesture {
  const { session, flow, overlay } = context
  const finish = () => {
    overlay.stop = null
    flow.busy(false)
    context.repaint()
  }
  return {
    move(event) {
      if (!overlay.stop) flow.busy(true)
      const { x, y } = flow.toFlow(event.clientX, event.clientY)
      overlay.stop = { wire: line.id, index, at: [snapped(x), snapped(y)] }
      context.repaint()
    },
    end() {
      const at = overlay.stop?.at
      finish()
      if (!at) return session.selection.set({ wires: [line.id] })
      session.edit('reroute', (draft) => draft.reroute(line.id, line.via.map((point, i): Point => (i === index ? at : point))))
    },
    cancel: finish,
  }
}

/** Put a reroute point on a wire. */
export function addStop({ session }: CanvasContext, line: Line, piece: number, x: number, y: number): void {
  const via = [...line.via]
  via.splice(piece, 0, [snapped(x), snapped(y)])
  session.edit('reroute', (draft) => draft.reroute(line.id, via))
}

/** Take a reroute point away. */
export function removeStop({ session }: CanvasContext, line: Line, index: number): void {
  session.edit('reroute', (draft) => draft.reroute(line.id, line.via.filter((_, i) => i !== index)))
}
