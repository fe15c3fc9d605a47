import { FRAME_HEADER, contains, type Rect } from '@/lib/graph/geometry'
import { nearest } from '@/lib/graph/curve'
import type { FrameDoc, Point, Port } from '@/lib/graph/document'
import type { Box, Line, Scene } from './scene'

/** A port under the pointer. */
export interface PortHit {
  box: Box
  side: 'inputs' | 'outputs'
  port: Port
  at: Point
}

export type Hit =
  | { what: 'port'; hit: PortHit }
  | { what: 'corner'; box: Box }
  | { what: 'node'; box: Box }
  | { what: 'stop'; line: Line; index: number }
  | { what: 'frame'; frame: FrameDoc; rect: Rect; corner: boolean }
  | { what: 'wire'; line: Line; piece: number }
  | { what: 'pane' }

/** What lies at a point of the canvas. Distances are in screen pixels, so that ports stay easy to hit when zoomed out. */
export function hitAt(scene: Scene, x: number, y: number, zoom: number, coarse = false): Hit {
  const reach = (coarse ? 22 : 11) / zoom
  const far = zoom < FAR
  const port = far ? null : portAt(scene, x, y, reach)
  if (port) return { what: 'port', hit: port }
  const box = nodeAt(scene, x, y)
  if (box) {
    const corner = !far && !box.node.look?.collapsed && x > box.x + box.w - 14 && y > box.y + box.h - 14
    return corner ? { what: 'corner', box } : { what: 'node', box }
  }
  const stop = stopAt(scene, x, y, 8 / zoom)
  if (stop) return { what: 'stop', ...stop }
  const line = lineAt(scene, x, y, (coarse ? 14 : 7) / zoom)
  if (line) return { what: 'wire', ...line }
  return frameAt(scene, x, y, zoom) ?? { what: 'pane' }
}

/** Below this zoom no node is mounted: the canvas draws boxes and answers for them. */
export const FAR = 0.55

export function nodeAt(scene: Scene, x: number, y: number): Box | null {
  const boxes = scene.list()
  for (let i = boxes.length - 1; i >= 0; i--) if (contains(boxes[i]!, x, y)) return boxes[i]!
  return null
}

/** The nearest port within `reach`. */
export function portAt(scene: Scene, x: number, y: number, reach: number, side?: 'inputs' | 'outputs'): PortHit | null {
  let best: PortHit | null = null
  let least = reach
  for (const box of scene.list()) {
    if (x < box.x - reach || x > box.x + box.w + reach || y < box.y - reach || y > box.y + box.h + reach) continue
    for (const kind of ['inputs', 'outputs'] as const) {
      if (side && side !== kind) continue
      for (const [id, [px, py]] of box.layout[kind]) {
        const d = Math.hypot(box.x + px - x, box.y + py - y)
        const port = box.layout.ports.get((kind === 'inputs' ? 'i:' : 'o:') + id)
        if (d < least && port) [least, best] = [d, { box, side: kind, port, at: [box.x + px, box.y + py] }]
      }
    }
  }
  return best
}

export function lineAt(scene: Scene, x: number, y: number, reach: number): { line: Line; piece: number } | null {
  let best: { line: Line; piece: number } | null = null
  let least = reach
  for (const line of scene.lines.values()) {
    const { bounds } = line
    if (x < bounds.x - reach || y < bounds.y - reach || x > bounds.x + bounds.w + reach || y > bounds.y + bounds.h + reach) continue
    const { distance, piece } = nearest(line.course, x, y)
    if (distance < least) [least, best] = [distance, { line, piece }]
  }
  return best
}

function stopAt(scene: Scene, x: number, y: number, reach: number): { line: Line; index: number } | null {
  for (const line of scene.lines.values())
    for (const [index, [px, py]] of line.via.entries()) if (Math.hypot(px - x, py - y) < reach) return { line, index }
  return null
}

/** Frames are picked up by their header and by their lower right corner; their middle belongs to the canvas. */
function frameAt(scene: Scene, x: number, y: number, zoom: number): Hit | null {
  const header = Math.max(FRAME_HEADER, 20 / zoom)
  for (let i = scene.frames.length - 1; i >= 0; i--) {
    const { frame, rect } = scene.frames[i]!
    if (!contains(rect, x, y)) continue
    const corner = x > rect.x + rect.w - 16 / zoom && y > rect.y + rect.h - 16 / zoom
    if (corner || y < rect.y + header) return { what: 'frame', frame, rect, corner }
  }
  return null
}
