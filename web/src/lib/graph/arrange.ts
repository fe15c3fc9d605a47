/** Align and distribute rectangles; where each has to go. */

import type { Rect } from './geometry'
import { union } from './geometry'

export type Arrangement = 'left' | 'right' | 'top' | 'bottom' | 'centre' | 'middle' | 'columns' | 'rows'

/** New corners by id for `rects`, aligned or evenly spread. `columns` spreads left to right, `rows` top to bottom. */
export function arrange(rects: ReadonlyMap<string, Rect>, how: Arrangement): Map<string, { x: number; y: number }> {
  const box = union(rects.values())
  const moved = new Map<string, { x: number; y: number }>()
  if (!box) return moved
  if (how === 'columns' || how === 'rows') return spread(rects, box, how)
  for (const [id, r] of rects) {
    const x = { left: box.x, right: box.x + box.w - r.w, centre: box.x + (box.w - r.w) / 2 }[how as 'left']
    const y = { top: box.y, bottom: box.y + box.h - r.h, middle: box.y + (box.h - r.h) / 2 }[how as 'top']
    moved.set(id, { x: Math.round(x ?? r.x), y: Math.round(y ?? r.y) })
  }
  return moved
}

function spread(rects: ReadonlyMap<string, Rect>, box: Rect, how: 'columns' | 'rows'): Map<string, { x: number; y: number }> {
  const across = how === 'columns'
  const sorted = [...rects].sort(([, a], [, b]) => (across ? a.x - b.x : a.y - b.y))
  const taken = sorted.reduce((sum, [, r]) => sum + (across ? r.w : r.h), 0)
  const gap = sorted.length > 1 ? Math.max(16, ((across ? box.w : box.h) - taken) / (sorted.length - 1)) : 0
  const moved = new Map<string, { x: number; y: number }>()
  let at = across ? box.x : box.y
  for (const [id, r] of sorted) {
    moved.set(id, { x: Math.round(across ? at : r.x), y: Math.round(across ? r.y : at) })
    at += (across ? r.w : r.h) + gap
  }
  return moved
}

export const GRID = 8

/** Round to the grid. */
export function snapped(value: number, grid = GRID): number {
  return Math.round(value / grid) * grid
}

export interface Guide {
  axis: 'x' | 'y'
  at: number
  from: number
  to: number
}

/** Pull a moving box to the edges and centres of others within `reach`; what it snapped to is returned as guides. */
export function guided(moving: Rect, others: Iterable<Rect>, reach: number): { dx: number; dy: number; guides: Guide[] } {
  let [bx, by] = [reach + 1, reach + 1]
  let [dx, dy] = [0, 0]
  let gx: Guide | null = null
  let gy: Guide | null = null
  for (const r of others) {
    for (const [mine, theirs] of pairs(moving.x, moving.w, r.x, r.w)) {
      const d = theirs - mine
      if (Math.abs(d) < bx) [bx, dx, gx] = [Math.abs(d), d, { axis: 'x', at: theirs, from: Math.min(moving.y, r.y), to: Math.max(moving.y + moving.h, r.y + r.h) }]
    }
    for (const [mine, theirs] of pairs(moving.y, moving.h, r.y, r.h)) {
      const d = theirs - mine
      if (Math.abs(d) < by) [by, dy, gy] = [Math.abs(d), d, { axis: 'y', at: theirs, from: Math.min(moving.x, r.x), to: Math.max(moving.x + moving.w, r.x + r.w) }]
    }
  }
  return { dx, dy, guides: [gx, gy].filter((guide): guide is Guide => guide !== null) }
}

function pairs(a: number, aSize: number, b: number, bSize: number): [number, number][] {
  return [
    [a, b],
    [a + aSize, b + bSize],
    [a + aSize / 2, b + bSize / 2],
  ]
}
