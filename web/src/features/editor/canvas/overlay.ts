import type { Guide } from '@/lib/graph/arrange'
import type { Point, Port } from '@/lib/graph/document'
import type { Rect } from '@/lib/graph/geometry'
import type { Selection } from '../session/selection'
import type { View } from '../session/session'
import type { Paint } from './palette'
import type { Scene } from './scene'

/** What a running gesture shows on top of the graph. Plain and mutable: the painter reads it once per frame. */
export interface Overlay {
  /** `boxes`: too many to move as elements, they travel as drawn boxes. */
  drag: { nodes: ReadonlySet<string>; frames: ReadonlySet<string>; dx: number; dy: number; boxes: boolean } | null
  box: Rect | null
  cut: [Point, Point] | null
  link: { from: Point; to: Point; port: Port; backwards: boolean; state: 'open' | 'good' | 'bad' } | null
  /** Wires not drawn now, because their end is in the hand. */
  lifted: ReadonlySet<string>
  guides: Guide[]
  hover: string | null
  /** The wire into which the dragged node would go. */
  splice: string | null
  stop: { wire: string; index: number; at: Point } | null
  resize: { node: string; w: number; h: number } | null
  frame: { id: string; rect: Rect } | null
}

export function emptyOverlay(): Overlay {
  return { drag: null, box: null, cut: null, link: null, lifted: new Set(), guides: [], hover: null, splice: null, stop: null, resize: null, frame: null }
}

/** How a node's run looks from afar. */
export type Light = 'queued' | 'running' | 'done' | 'failed' | 'skipped' | 'waiting'

export interface Picture {
  scene: Scene
  selection: Selection
  overlay: Overlay
  view: View
  paint: Paint
  /** Nodes that are mounted: they draw themselves. */
  mounted: ReadonlySet<string>
  light: (node: string) => Light | null
  streams: (node: string, port: string) => boolean
  /** Offset of the moving dashes, or null when nothing moves. */
  phase: number | null
}
