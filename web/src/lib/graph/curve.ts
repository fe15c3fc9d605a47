/** The course of a wire: cubic curves through its reroute points. */

import type { Point } from './document'

/** One cubic: start, two control points, end. */
export type Cubic = readonly [x0: number, y0: number, x1: number, y1: number, x2: number, y2: number, x3: number, y3: number]

/** The curves from `a` to `b` through `via`. */
export function courseOf(a: Point, b: Point, via: readonly Point[] = []): Cubic[] {
  const stops = [a, ...via, b]
  const curves: Cubic[] = []
  for (let i = 0; i + 1 < stops.length; i++) {
    const [x0, y0] = stops[i]!
    const [x3, y3] = stops[i + 1]!
    const bend = reach(x0, y0, x3, y3)
    curves.push([x0, y0, x0 + bend, y0, x3 - bend, y3, x3, y3])
  }
  return curves
}

/** How far the handles of a curve stick out; wires that run backwards swing wider. */
function reach(x0: number, y0: number, x3: number, y3: number): number {
  const dx = x3 - x0
  return dx >= 0 ? Math.max(Math.min(30, Math.hypot(dx, y3 - y0) / 2), dx / 2) : Math.min(180, 40 - dx / 2)
}

function at(c: Cubic, t: number): Point {
  const u = 1 - t
  const [a, b, d, e] = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t]
  return [a * c[0] + b * c[2] + d * c[4] + e * c[6], a * c[1] + b * c[3] + d * c[5] + e * c[7]]
}

/** The point half-way along a course. */
export function middleOf(course: readonly Cubic[]): Point {
  return at(course[Math.floor(course.length / 2)]!, course.length % 2 ? 0.5 : 0)
}

/** Distance of a point from a course, and the index of the curve it is nearest to. */
export function nearest(course: readonly Cubic[], x: number, y: number): { distance: number; piece: number } {
  let distance = Infinity
  let piece = 0
  course.forEach((curve, index) => {
    let [px, py] = at(curve, 0)
    for (let i = 1; i <= 16; i++) {
      const [qx, qy] = at(curve, i / 16)
      const d = toSegment(x, y, px, py, qx, qy)
      if (d < distance) [distance, piece] = [d, index]
      ;[px, py] = [qx, qy]
    }
  })
  return { distance, piece }
}

function toSegment(x: number, y: number, ax: number, ay: number, bx: number, by: number): number {
  const [dx, dy] = [bx - ax, by - ay]
  const length = dx * dx + dy * dy
  const t = length ? Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / length)) : 0
  return Math.hypot(x - ax - t * dx, y - ay - t * dy)
}

/** Whether the straight line from `p` to `q` crosses a course. */
export function crosses(course: readonly Cubic[], p: Point, q: Point): boolean {
  const side = (a: Point, b: Point, c: Point) => (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
  return course.some((curve) => {
    let a = at(curve, 0)
    for (let i = 1; i <= 12; i++) {
      const b = at(curve, i / 12)
      if (side(p, q, a) * side(p, q, b) < 0 && side(a, b, p) * side(a, b, q) < 0) return true
      a = b
    }
    return false
  })
}
