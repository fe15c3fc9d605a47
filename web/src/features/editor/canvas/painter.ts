import { FRAME_HEADER, overlaps, type Rect } from '@/lib/graph/geometry'
import type { View } from '../session/session'
import { FAR } from './hit'
import type { Light, Picture } from './overlay'
import { typeColour, type Paint } from './palette'
import type { Box } from './scene'
import { drawWires } from './wires'

const LIGHTS: Record<Light, (paint: Paint) => string> = {
  queued: (paint) => paint.muted,
  running: (paint) => paint.accent,
  waiting: (paint) => paint.pin,
  done: (paint) => paint.good,
  failed: (paint) => paint.bad,
  skipped: (paint) => paint.muted,
}

/** Draw everything that is not a mounted node, in one pass over one canvas. */
export function paintScene(canvas: HTMLCanvasElement, picture: Picture): void {
  const context = canvas.getContext('2d')
  if (!context) return
  const [w, h] = [canvas.clientWidth, canvas.clientHeight]
  const ratio = window.devicePixelRatio || 1
  if (canvas.width !== Math.round(w * ratio) || canvas.height !== Math.round(h * ratio)) [canvas.width, canvas.height] = [Math.round(w * ratio), Math.round(h * ratio)]
  const { view } = picture
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  context.clearRect(0, 0, w, h)
  paintGrid(context, w, h, view, picture.paint)
  context.translate(view.x, view.y)
  context.scale(view.zoom, view.zoom)
  const window_: Rect = { x: -view.x / view.zoom, y: -view.y / view.zoom, w: w / view.zoom, h: h / view.zoom }
  paintFrames(context, picture, window_)
  drawWires(context, picture, window_)
  paintBoxes(context, picture, window_)
  paintOverlay(context, picture)
}

let tile: CanvasPattern | null = null
let tileKey = ''

/** The dot grid as one pattern fill. */
function paintGrid(context: CanvasRenderingContext2D, w: number, h: number, view: View, paint: Paint): void {
  let step = 24 * view.zoom
  while (step < 16) step *= 2
  while (step > 64) step /= 2
  const key = `${step}|${paint.dot}`
  if (tileKey !== key) {
    const dot = document.createElement('canvas')
    dot.width = dot.height = 64
    const pen = dot.getContext('2d')!
    pen.fillStyle = paint.dot
    const size = (64 / step) * 1.5
    pen.fillRect(0, 0, size, size)
    tile = context.createPattern(dot, 'repeat')
    tileKey = key
  }
  if (!tile) return
  const scale = step / 64
  tile.setTransform(new DOMMatrix([scale, 0, 0, scale, view.x % step, view.y % step]))
  context.fillStyle = tile
  context.fillRect(0, 0, w, h)
}

function paintFrames(context: CanvasRenderingContext2D, picture: Picture, seen: Rect): void {
  const { scene, overlay, view, paint, selection } = picture
  for (const { frame, rect: saved } of scene.frames) {
    const moved = overlay.drag?.frames.has(frame.id) ? overlay.drag : null
    const rect = overlay.frame?.id === frame.id ? overlay.frame.rect : moved ? { ...saved, x: saved.x + moved.dx, y: saved.y + moved.dy } : saved
    if (!overlaps(rect, seen)) continue
    const colour = frame.look?.colour ?? paint.frame
    context.globalAlpha = paint.dark ? 0.14 : 0.1
    context.fillStyle = colour
    rounded(context, rect, 8)
    context.fill()
    context.globalAlpha = selection.frames.has(frame.id) ? 1 : 0.6
    context.lineWidth = (selection.frames.has(frame.id) ? 2 : 1) / view.zoom
    context.strokeStyle = selection.frames.has(frame.id) ? paint.accent : colour
    context.stroke()
    context.globalAlpha = 1
    if (rect.w * view.zoom < 40) continue
    const size = Math.max(14, Math.min(11 / view.zoom, 44))
    context.fillStyle = paint.text
    context.font = `600 ${size}px ui-sans-serif, system-ui, sans-serif`
    context.textBaseline = 'middle'
    context.fillText(frame.name || '', rect.x + 12, rect.y + FRAME_HEADER / 2 + (size - 14) / 2, rect.w - 24)
    if (frame.note && view.zoom >= FAR) {
      context.fillStyle = paint.muted
      context.font = '12px ui-sans-serif, system-ui, sans-serif'
      context.fillText(frame.note.split('\n', 1)[0]!, rect.x + 12, rect.y + FRAME_HEADER + 8, rect.w - 24)
    }
    context.strokeStyle = colour
    context.beginPath()
    context.moveTo(rect.x + rect.w - 12, rect.y + rect.h - 4)
    context.lineTo(rect.x + rect.w - 4, rect.y + rect.h - 12)
    context.stroke()
  }
}

/** Nodes that are not mounted: boxes with a header, a title and a light. */
function paintBoxes(context: CanvasRenderingContext2D, picture: Picture, seen: Rect): void {
  const { scene, overlay, view, paint, selection, mounted, light } = picture
  const visible: { box: Box; x: number; y: number }[] = []
  for (const box of scene.list()) {
    const drag = overlay.drag?.nodes.has(box.id) ? overlay.drag : null
    if (mounted.has(box.id) && !drag?.boxes) continue
    const [x, y] = drag ? [box.x + drag.dx, box.y + drag.dy] : [box.x, box.y]
    if (x > seen.x + seen.w || y > seen.y + seen.h || x + box.w < seen.x || y + box.h < seen.y) continue
    visible.push({ box, x, y })
  }
  context.fillStyle = paint.node
  for (const { box, x, y } of visible) context.fillRect(x, y, box.w, box.h)
  context.strokeStyle = paint.line
  context.lineWidth = 1 / view.zoom
  context.beginPath()
  for (const { box, x, y } of visible) context.rect(x, y, box.w, box.h)
  context.stroke()
  const header = Math.max(34, Math.min(8 / view.zoom, 60))
  const byHue = new Map<string, { x: number; y: number; w: number; h: number }[]>()
  for (const { box, x, y } of visible) {
    const list = byHue.get(box.hue) ?? byHue.set(box.hue, []).get(box.hue)!
    list.push({ x, y, w: box.w, h: Math.min(header, box.h) })
  }
  for (const [hue, bars] of byHue) {
    context.fillStyle = hue
    for (const bar of bars) context.fillRect(bar.x, bar.y, bar.w, bar.h)
  }
  if (view.zoom > 0.22) paintTitles(context, visible, header, view.zoom)
  for (const { box, x, y } of visible) {
    const lit = light(box.id)
    const chosen = selection.nodes.has(box.id)
    if (!lit && !chosen) continue
    context.strokeStyle = chosen ? paint.accent : LIGHTS[lit!](paint)
    context.lineWidth = (chosen ? 2 : 2.5) / view.zoom
    context.strokeRect(x, y, box.w, box.h)
    if (lit && chosen) {
      context.fillStyle = LIGHTS[lit](paint)
      context.fillRect(x + box.w - 14 / view.zoom, y + box.h - 14 / view.zoom, 8 / view.zoom, 8 / view.zoom)
    }
  }
}

function paintTitles(context: CanvasRenderingContext2D, visible: readonly { box: Box; x: number; y: number }[], header: number, zoom: number): void {
  const size = Math.min(24, Math.max(13, 10 / zoom))
  context.font = `600 ${size}px ui-sans-serif, system-ui, sans-serif`
  context.fillStyle = '#fff'
  context.textBaseline = 'middle'
  for (const { box, x, y } of visible) {
    const room = Math.max(3, Math.floor((box.w - 20) / (size * 0.56)))
    context.fillText(box.title.length > room ? box.title.slice(0, room - 1) + '…' : box.title, x + 10, y + Math.min(header, box.h) / 2)
  }
}

function paintOverlay(context: CanvasRenderingContext2D, { overlay, view, paint }: Picture): void {
  const thin = 1 / view.zoom
  context.lineWidth = thin
  for (const guide of overlay.guides) {
    context.strokeStyle = paint.pin
    context.beginPath()
    if (guide.axis === 'x') {
      context.moveTo(guide.at, guide.from)
      context.lineTo(guide.at, guide.to)
    } else {
      context.moveTo(guide.from, guide.at)
      context.lineTo(guide.to, guide.at)
    }
    context.stroke()
  }
  if (overlay.box) {
    context.fillStyle = paint.accent + '22'
    context.strokeStyle = paint.accent
    context.fillRect(overlay.box.x, overlay.box.y, overlay.box.w, overlay.box.h)
    context.strokeRect(overlay.box.x, overlay.box.y, overlay.box.w, overlay.box.h)
  }
  if (overlay.cut) {
    context.strokeStyle = paint.bad
    context.setLineDash([6 * thin, 4 * thin])
    context.beginPath()
    context.moveTo(...overlay.cut[0])
    context.lineTo(...overlay.cut[1])
    context.stroke()
    context.setLineDash([])
  }
  if (overlay.link) {
    const { from, to, port, backwards, state } = overlay.link
    const [[ax, ay], [bx, by]] = backwards ? [to, from] : [from, to]
    const bend = Math.max(30, Math.abs(bx - ax) / 2)
    context.strokeStyle = state === 'bad' ? paint.bad : typeColour(port.type, paint.dark)
    context.lineWidth = 2.5 / Math.max(view.zoom, 0.5)
    context.setLineDash(state === 'open' ? [6, 5] : [])
    context.beginPath()
    context.moveTo(ax, ay)
    context.bezierCurveTo(ax + bend, ay, bx - bend, by, bx, by)
    context.stroke()
    context.setLineDash([])
  }
}

function rounded(context: CanvasRenderingContext2D, rect: Rect, radius: number): void {
  context.beginPath()
  context.roundRect(rect.x, rect.y, rect.w, rect.h, radius)
}
