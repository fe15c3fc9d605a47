import { courseOf, type Cubic } from '@/lib/graph/curve'
import type { Point } from '@/lib/graph/document'
import { overlaps, type Rect } from '@/lib/graph/geometry'
import { FAR } from './hit'
import { typeColour } from './palette'
import type { Picture } from './overlay'
import type { Line } from './scene'

/** Beyond this many wires in sight a far view draws straight lines. */
const CURVES_MAX = 300

/** The course of a wire while one of its ends, its node or one of its points is in the hand. */
function liveCourse(line: Line, { overlay }: Picture): readonly Cubic[] {
  const { drag, stop, resize } = overlay
  const [moveA, moveB] = [drag?.nodes.has(line.from.id), drag?.nodes.has(line.to.id)]
  const stopped = stop?.wire === line.id
  const resized = resize?.node === line.from.id
  if (!moveA && !moveB && !stopped && !resized) return line.course
  const shift = ([x, y]: Point, moved: boolean | undefined): Point => (moved ? [x + drag!.dx, y + drag!.dy] : [x, y])
  const via = line.via.map((point, index): Point => (stopped && stop.index === index ? stop.at : moveA && moveB ? shift(point, true) : point))
  const a: Point = resized ? [line.a[0] - line.from.w + resize.w, line.a[1]] : line.a
  return courseOf(shift(a, moveA), shift(line.b, moveB), via)
}

/** Draw all wires in sight: one path per colour, then those that stand out. */
export function drawWires(context: CanvasRenderingContext2D, picture: Picture, seen: Rect): void {
  const { scene, overlay, selection, view, paint, streams } = picture
  const groups = new Map<string, (readonly Cubic[])[]>()
  const special: { line: Line; course: readonly Cubic[]; live: boolean }[] = []
  const far = view.zoom < FAR
  let count = 0
  for (const line of scene.lines.values()) {
    if (overlay.lifted.has(line.id)) continue
    const course = liveCourse(line, picture)
    if (course === line.course && !overlaps(line.bounds, seen)) continue
    count++
    const live = streams(line.from.id, line.wire.source[1])
    const muted = line.from.node.mode === 'mute'
    if (live || muted || selection.wires.has(line.id) || overlay.hover === line.id || overlay.splice === line.id) special.push({ line, course, live })
    else {
      const colour = typeColour(line.port.type, paint.dark)
      const list = groups.get(colour)
      if (list) list.push(course)
      else groups.set(colour, [course])
    }
  }
  const straight = far && count > CURVES_MAX
  const width = Math.max(2, 1.2 / view.zoom)
  context.lineWidth = straight ? 1.2 / view.zoom : width
  for (const [colour, courses] of groups) {
    context.strokeStyle = colour
    context.globalAlpha = 0.85
    context.beginPath()
    for (const course of courses) trace(context, course, straight)
    context.stroke()
  }
  context.globalAlpha = 1
  for (const item of special) drawSpecial(context, picture, item, width)
  if (!far) for (const line of scene.lines.values()) drawMarks(context, line, picture)
}

function drawSpecial(context: CanvasRenderingContext2D, picture: Picture, { line, course, live }: { line: Line; course: readonly Cubic[]; live: boolean }, width: number): void {
  const { selection, overlay, paint, phase } = picture
  const chosen = selection.wires.has(line.id) || overlay.splice === line.id
  context.beginPath()
  trace(context, course, false)
  if (chosen || overlay.hover === line.id) {
    context.strokeStyle = paint.accent
    context.globalAlpha = chosen ? 0.55 : 0.3
    context.lineWidth = width * 3
    context.stroke()
  }
  context.globalAlpha = line.from.node.mode === 'mute' ? 0.35 : 1
  context.strokeStyle = typeColour(line.port.type, paint.dark)
  context.lineWidth = live ? width * 1.4 : width
  if (live) {
    context.setLineDash([10, 6])
    context.lineDashOffset = -(phase ?? 0)
  }
  context.stroke()
  context.setLineDash([])
  context.globalAlpha = 1
}

/** Reroute points, and the sign of a wire that maps over a list. */
function drawMarks(context: CanvasRenderingContext2D, line: Line, { overlay, paint }: Picture): void {
  if (!line.via.length && !line.wire.each) return
  context.fillStyle = typeColour(line.port.type, paint.dark)
  line.via.forEach((point, index) => {
    const { drag, stop } = overlay
    const carried = drag && drag.nodes.has(line.from.id) && drag.nodes.has(line.to.id)
    const [x, y] = stop?.wire === line.id && stop.index === index ? stop.at : carried ? [point[0] + drag.dx, point[1] + drag.dy] : point
    context.beginPath()
    context.arc(x, y, 5, 0, Math.PI * 2)
    context.fill()
  })
  if (line.wire.each) {
    const [x, y] = line.b
    context.font = '600 11px ui-sans-serif, system-ui, sans-serif'
    context.textBaseline = 'middle'
    context.fillText('×n', x - 26, y - 9)
  }
}

function trace(context: CanvasRenderingContext2D, course: readonly Cubic[], straight: boolean): void {
  for (const c of course) {
    context.moveTo(c[0], c[1])
    if (straight) context.lineTo(c[6], c[7])
    else context.bezierCurveTo(c[2], c[3], c[4], c[5], c[6], c[7])
  }
}
