/** Where everything of a node is, computed from its kind: nothing has to be mounted to be measured. Flow units = CSS pixels at 100 %. */

import type { FrameDoc, NodeDoc, Point, Port } from './document'
import { kindTitle, type Kind } from './kinds'
import type { Body } from './model'
import { portsOf, type World } from './ports'

export const HEADER = 34
export const ROW = 26
export const PAD = 6
export const LINE = 17
export const WIDTH = 248
export const WIDTH_MIN = 160
export const FIELDS_MAX = 6
export const PREVIEW = 96
export const NOTE_LINES = 6
export const FRAME_HEADER = 30

export const OUTPUTS_MAX = 3
const TALL = new Set(['textarea', 'code'])
const MEDIA = new Set(['image', 'audio'])

export interface Rect {
  x: number
  y: number
  w: number
  h: number
}

/** One line of a node: an input and an output side by side, or a field. */
export interface Row {
  top: number
  height: number
  input?: Port
  output?: Port
  /** The input is edited here. */
  field?: boolean
}

/** A node, laid out. Places of handles are relative to its corner. */
export interface Layout {
  w: number
  h: number
  rows: Row[]
  /** Inputs that are not shown on the node, only in the inspector. */
  hidden: number
  /** Outputs that are folded away; a press on the node shows them. */
  folded: number
  preview: { top: number; height: number } | null
  inputs: Map<string, Point>
  outputs: Map<string, Point>
  ports: Map<string, Port>
}

/** Whether an input shows a handle: it is wired, its kind says so, or a person asked for it. */
export function hasHandle(port: Port, wired: boolean, shown: readonly string[] | undefined): boolean {
  return wired || (shown?.includes(port.id) ?? false) || (port.handle !== false && !shown?.includes('-' + port.id))
}

/** Whether the kind shows what it makes on the node itself. */
export function showsResult(kind: Kind | undefined, outputs: readonly Port[]): boolean {
  if (!kind) return false
  return kind.family === 'debug' || kind.control === 'output' || outputs.some((port) => port.stream || MEDIA.has(port.type))
}

/** Texts grow with what they hold, up to a few lines. */
function fieldHeight(port: Port, value: unknown, width: number): number {
  if (!TALL.has(port.widget?.kind ?? '')) return ROW
  const text = typeof value === 'string' ? value : ''
  const perLine = Math.max(12, Math.floor((width - 44) / 6.6))
  const lines = text.split('\n', 8).reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / perLine)), 0)
  return 27 + LINE * Math.min(5, Math.max(Math.min(2, port.widget?.rows ?? 2), lines))
}

/** Whether a field belongs on the node: what is wired, was typed or has a meaning of its own; mere fine-tuning stays in the inspector. */
function isPlain(port: Port, value: unknown): boolean {
  if (value !== undefined || port.required || port.handle !== false) return true
  const { default: given } = port
  return given !== undefined && given !== null && given !== '' && !(Array.isArray(given) && !given.length)
}

/** Lay a node out. */
export function layoutOf(world: World, body: Body, node: NodeDoc): Layout {
  const kind = world.kinds.get(node.kind)
  const { inputs, outputs } = portsOf(world, body, node)
  const look = node.look ?? {}
  const wired = new Set(body.into(node.id).map((wire) => wire.target[1]))
  const layout: Layout = {
    w: Math.max(WIDTH_MIN, look.width ?? (kind?.control === 'note' ? 220 : WIDTH)),
    h: HEADER,
    rows: [],
    hidden: 0,
    folded: 0,
    preview: null,
    inputs: new Map(),
    outputs: new Map(),
    ports: new Map([...inputs.map((port) => ['i:' + port.id, port] as const), ...outputs.map((port) => ['o:' + port.id, port] as const)]),
  }
  const visible = inputs.filter((port) => hasHandle(port, wired.has(port.id), look.handles))
  if (look.collapsed) return collapsed(layout, visible, outputs)
  if (kind?.control === 'note') return noteLayout(layout, look.height)
  const used = new Set(body.outOf(node.id).map((wire) => wire.source[1]))
  const out = outputs.filter((port, index) => index < OUTPUTS_MAX || used.has(port.id) || look.outputs === 'all')
  layout.folded = outputs.length - out.length
  placeRows(layout, node, inputs, out, wired, new Set(visible.map((port) => port.id)))
  if (showsResult(kind, outputs)) {
    layout.preview = { top: layout.h, height: PREVIEW }
    layout.h += PREVIEW + PAD
  }
  stretch(layout, look.height)
  return layout
}

function collapsed(layout: Layout, inputs: Port[], outputs: Port[]): Layout {
  for (const port of inputs) layout.inputs.set(port.id, [0, HEADER / 2])
  for (const port of outputs) layout.outputs.set(port.id, [layout.w, HEADER / 2])
  return layout
}

function noteLayout(layout: Layout, height: number | undefined): Layout {
  layout.h = Math.max(HEADER + 40, height ?? HEADER + LINE * NOTE_LINES + 12)
  layout.preview = { top: HEADER, height: layout.h - HEADER }
  return layout
}

function placeRows(layout: Layout, node: NodeDoc, inputs: Port[], outputs: Port[], wired: Set<string>, visible: Set<string>): void {
  const isField = (port: Port) => Boolean(port.widget) && !wired.has(port.id)
  const slots = inputs.filter((port) => visible.has(port.id) && !isField(port))
  const fields = inputs.filter(isField)
  const shown = fields.filter((port) => isPlain(port, node.values?.[port.id])).slice(0, FIELDS_MAX)
  layout.hidden = fields.length - shown.length
  let top = HEADER + PAD
  for (let i = 0; i < Math.max(slots.length, outputs.length); i++) {
    const row: Row = { top, height: ROW, input: slots[i], output: outputs[i] }
    if (row.input) layout.inputs.set(row.input.id, [0, top + ROW / 2])
    if (row.output) layout.outputs.set(row.output.id, [layout.w, top + ROW / 2])
    layout.rows.push(row)
    top += ROW
  }
  for (const port of shown) {
    const height = fieldHeight(port, node.values?.[port.id] ?? port.default, layout.w)
    layout.rows.push({ top, height, input: port, field: true })
    if (visible.has(port.id)) layout.inputs.set(port.id, [0, top + ROW / 2])
    top += height + 2
  }
  for (const port of fields) if (!shown.includes(port) && visible.has(port.id)) layout.inputs.set(port.id, [0, top + ROW / 2])
  if (layout.hidden || layout.folded) top += ROW - 4
  layout.h = top + PAD
}

/** Height that a person added goes to the result, else to the last tall field. */
function stretch(layout: Layout, height: number | undefined): void {
  const more = (height ?? 0) - layout.h
  if (more <= 0) return
  layout.h += more
  if (layout.preview) layout.preview.height += more
  else {
    const last = layout.rows.at(-1)
    if (last?.field && last.height > ROW && !layout.hidden) last.height += more
  }
}

/** What a node is called on the canvas. */
export function nodeTitle(node: NodeDoc, kind: Kind | undefined, locale: string): string {
  return node.name || (kind ? kindTitle(kind, locale) : node.kind)
}

export function nodeRect(node: NodeDoc, layout: Layout): Rect {
  return { x: node.look?.x ?? 0, y: node.look?.y ?? 0, w: layout.w, h: layout.h }
}

export function frameRect(frame: FrameDoc): Rect {
  const { x = 0, y = 0, width = 320, height = 200 } = frame.look ?? {}
  return { x, y, w: width, h: height }
}

export function union(rects: Iterable<Rect>): Rect | null {
  let [l, t, r, b] = [Infinity, Infinity, -Infinity, -Infinity]
  for (const rect of rects) {
    l = Math.min(l, rect.x)
    t = Math.min(t, rect.y)
    r = Math.max(r, rect.x + rect.w)
    b = Math.max(b, rect.y + rect.h)
  }
  return r < l ? null : { x: l, y: t, w: r - l, h: b - t }
}

export function overlaps(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h
}

export function contains(rect: Rect, x: number, y: number): boolean {
  return x >= rect.x && y >= rect.y && x <= rect.x + rect.w && y <= rect.y + rect.h
}
