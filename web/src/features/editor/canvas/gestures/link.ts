import type { End, Point, Port } from '@/lib/graph/document'
import { typedPort } from '@/lib/graph/ports'
import { bestPartner, connect, refusal, replug } from '@/lib/graph/wiring'
import type { CanvasContext, Gesture, Loose } from '../context'
import { nodeAt, portAt, type PortHit } from '../hit'

const REACH_PX = 26

/**
 * Draw a wire from a port, or pick up the end of one that is plugged into it.
 * Over empty space a new wire asks for a node and a picked-up one is removed.
 */
export function linkGesture(context: CanvasContext, hit: PortHit, start: PointerEvent): Gesture {
  const { session, scene, flow, overlay } = context
  const lifted = hit.side === 'inputs' && !start.shiftKey ? session.body.into(hit.box.id, hit.port.id).at(-1) : undefined
  const source = lifted ? scene.boxes.get(lifted.source[0]) : undefined
  const origin = lifted && source ? sourceOf(context, lifted.source) : { end: [hit.box.id, hit.port.id] as End, at: hit.at, side: hit.side, port: typed(context, hit) }
  const loose: Loose = { end: origin.end, side: origin.side, port: origin.port }
  const wanted = loose.side === 'outputs' ? 'inputs' : 'outputs'
  let target: End | null = null

  function finish(): void {
    overlay.link = null
    overlay.lifted = new Set()
    context.loose.value = null
    flow.busy(false)
    context.repaint()
  }

  /** Look for the port meant: the one under the pointer, else the best of the node under it. */
  function aim(x: number, y: number): { at: Point; state: 'open' | 'good' | 'bad' } {
    target = null
    const port = portAt(scene, x, y, REACH_PX / flow.view().zoom, wanted)
    if (port && port.box.id !== loose.end[0]) {
      const ok = allowed([port.box.id, port.port.id])
      if (ok) target = [port.box.id, port.port.id]
      return { at: ok ? port.at : [x, y], state: ok ? 'good' : 'bad' }
    }
    const box = nodeAt(scene, x, y)
    if (!box || box.id === loose.end[0]) return { at: [x, y], state: 'open' }
    const best = bestPartner(session.world, session.body, box.node, wanted, loose.port)
    if (!best || !allowed([box.id, best.id])) return { at: [x, y], state: 'bad' }
    target = [box.id, best.id]
    const place = box.layout[wanted].get(best.id)
    return { at: place ? [box.x + place[0], box.y + place[1]] : [x, y], state: 'good' }
  }

  function allowed(end: End): boolean {
    if (lifted && end[0] === lifted.target[0] && end[1] === lifted.target[1]) return true
    return loose.side === 'outputs' ? !refusal(session.world, session.body, loose.end, end) : !refusal(session.world, session.body, end, loose.end)
  }

  return {
    move(event) {
      if (!overlay.link) {
        flow.busy(true)
        if (lifted) overlay.lifted = new Set([lifted.id])
        context.loose.value = loose
      }
      const { x, y } = flow.toFlow(event.clientX, event.clientY)
      const { at, state } = aim(x, y)
      overlay.link = { from: origin.at, to: at, port: loose.port, backwards: loose.side === 'inputs', state }
      context.repaint()
    },
    end(event, moved) {
      const state = overlay.link?.state
      finish()
      if (!moved) return tap(context, loose)
      const at = flow.toFlow(event.clientX, event.clientY)
      if (lifted && target) {
        if (target[0] !== lifted.target[0] || target[1] !== lifted.target[1]) session.edit('replug', (draft) => replug(draft, session.world, lifted.id, 'target', target!))
      } else if (lifted && state === 'open') session.edit('unplug', (draft) => draft.removeWire(lifted.id))
      else if (target) plug(context, loose, target)
      else if (state === 'open') context.add({ x: event.clientX, y: event.clientY, at, loose })
    },
    cancel: finish,
  }
}

let waiting: Loose | null = null

/** Tap a port, then another: a wire without dragging, for touch screens. */
function tap(context: CanvasContext, loose: Loose): void {
  const first = waiting
  waiting = null
  if (first && first.side !== loose.side) plug(context, first, loose.end)
  else {
    waiting = loose
    context.say('tapPort', { port: loose.port.title || loose.port.id })
  }
}

function plug(context: CanvasContext, loose: Loose, target: End): void {
  const { session, scene } = context
  const [from, to] = loose.side === 'outputs' ? [loose.end, target] : [target, loose.end]
  const made = session.edit('connect', (draft) => connect(draft, session.world, from, to))
  if (made) context.say('connected', { from: scene.boxes.get(from[0])?.title ?? from[0], to: scene.boxes.get(to[0])?.title ?? to[0] })
}

function typed({ session }: CanvasContext, hit: PortHit): Port {
  return typedPort(session.world, session.body, hit.box.node, hit.side, hit.port)
}

function sourceOf(context: CanvasContext, end: End): { end: End; at: Point; side: 'outputs'; port: Port } {
  const box = context.scene.boxes.get(end[0])!
  const place = box.layout.outputs.get(end[1]) ?? [box.w, box.h / 2]
  const port = box.layout.ports.get('o:' + end[1]) ?? { id: end[1], type: 'any' as const }
  return { end, at: [box.x + place[0], box.y + place[1]], side: 'outputs', port: typedPort(context.session.world, context.session.body, box.node, 'outputs', port) }
}
