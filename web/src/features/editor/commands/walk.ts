import type { CanvasContext } from '../canvas/context'
import type { Box } from '../canvas/scene'

/** Walk the graph by keyboard: right to what a node feeds, left to what feeds it, up and down to the nearest neighbour. */
export function walk(context: CanvasContext, to: readonly [number, number] | 'home', extend: boolean): void {
  const { session, scene } = context
  const from = session.selection.active ? scene.boxes.get(session.selection.active) : undefined
  const next = to === 'home' || !from ? entry(context) : (along(context, from, to) ?? nearest(context, from, to))
  if (!next) return
  session.selection.set({ nodes: extend ? [...session.selection.nodes, next.id] : [next.id] }, next.id)
  reveal(context, next)
  const run = session.lens.peek(session.runPath(next.id))
  context.say('at', { name: next.title, state: run ? context.t(`editor.state.${run.state}`) : '' })
}

/** The node without inputs that stands furthest left. */
function entry({ scene, session }: CanvasContext): Box | undefined {
  const boxes = [...scene.list()]
  const first = boxes.filter((box) => !session.body.incoming.get(box.id)?.size)
  return (first.length ? first : boxes).sort((a, b) => a.x - b.x || a.y - b.y)[0]
}

function along({ session, scene }: CanvasContext, from: Box, [dx]: readonly [number, number]): Box | undefined {
  if (!dx) return undefined
  const ids = dx > 0 ? session.body.outOf(from.id).map((wire) => wire.target[0]) : session.body.into(from.id).map((wire) => wire.source[0])
  return ids.map((id) => scene.boxes.get(id)).find(Boolean)
}

/** The nearest node in a direction; distance across counts double. */
function nearest({ scene }: CanvasContext, from: Box, [dx, dy]: readonly [number, number]): Box | undefined {
  let best: Box | undefined
  let least = Infinity
  for (const box of scene.list()) {
    if (box.id === from.id) continue
    const ahead = (box.x + box.w / 2 - from.x - from.w / 2) * dx + (box.y + box.h / 2 - from.y - from.h / 2) * dy
    if (ahead <= 0) continue
    const across = Math.abs((box.x + box.w / 2 - from.x - from.w / 2) * dy) + Math.abs((box.y + box.h / 2 - from.y - from.h / 2) * dx)
    if (ahead + 2 * across < least) [least, best] = [ahead + 2 * across, box]
  }
  return best
}

/** Bring a node into sight, moving the view as little as needed. */
export function reveal({ flow }: CanvasContext, box: Box): void {
  const view = flow.view()
  const { w, h } = flow.size()
  const [l, t] = [box.x * view.zoom + view.x, box.y * view.zoom + view.y]
  const [r, b] = [l + box.w * view.zoom, t + box.h * view.zoom]
  const dx = l < 40 ? 40 - l : r > w - 40 ? Math.max(40 - l, w - 40 - r) : 0
  const dy = t < 40 ? 40 - t : b > h - 40 ? Math.max(40 - t, h - 40 - b) : 0
  if (dx || dy) flow.setView({ ...view, x: view.x + dx, y: view.y + dy })
}
