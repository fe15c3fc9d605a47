import { useVueFlow, type GraphNode, type VueFlowStore } from '@vue-flow/core'
import { markRaw, onScopeDispose, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'
import { overlaps, type Rect } from '@/lib/graph/geometry'
import type { View } from '../session/session'
import { FAR } from './hit'
import type { Box, Scene } from './scene'

/** Flow units around the view in which nodes stay mounted, how many are mounted per frame, and how many may pile up in a gesture. */
const MARGIN = 300
const MOUNTS_PER_FRAME = 2
const KEPT_MAX = 220
const SETTLE_MS = 160
const OPEN_PADDING = 40
/** A first view is never smaller. */
const READABLE = 0.65

/** The library behind our vocabulary: it draws a window of nodes and pans and zooms; the graph itself is ours. */
export interface Flow {
  store: VueFlowStore
  /** Ids of the nodes that are mounted now. */
  mounted: ReadonlySet<string>
  /** Grows when the set of mounted nodes changes. */
  tick: ShallowRef<number>
  moving: Ref<boolean>
  view(): View
  size(): { w: number; h: number }
  setView(view: View, smooth?: boolean): void
  /** Look at a rectangle, `padding` pixels around it. */
  fit(rect: Rect, options?: { padding?: number; zoomMax?: number; smooth?: boolean }): void
  /** Look at a whole graph for the first time: near enough to read when it nearly fits, its beginning (`entry`) in sight. */
  open(rect: Rect, entry: Rect): void
  toFlow(clientX: number, clientY: number): { x: number; y: number }
  toScreen(x: number, y: number): { x: number; y: number }
  /** Nodes changed: hand over what is mounted of them, and look again what to mount. */
  refresh(touched: ReadonlySet<string> | null): void
  /** These stay mounted wherever they are. */
  hold(ids: ReadonlySet<string>): void
  /** Call with true while a gesture of ours runs. */
  busy(on: boolean): void
  onView(listener: () => void): void
}

export function useFlow(id: string, scene: Scene): Flow {
  const store = useVueFlow({ id, minZoom: 0.1, maxZoom: 4 })
  // Geometry is ours: nothing that is mounted has to be measured.
  Object.assign(store, { updateNodeDimensions: () => [] })
  const listeners = new Set<() => void>()
  const items = new Map<string, GraphNode>()
  const mounted = new Set<string>()
  const tick = shallowRef(0)
  const moving = ref(false)
  let held: ReadonlySet<string> = new Set()
  let pump = 0
  let wantedKey = ''
  let settle = 0
  let ours = false

  const view = (): View => ({ x: store.viewport.value.x, y: store.viewport.value.y, zoom: store.viewport.value.zoom })
  const size = () => ({ w: store.dimensions.value.width, h: store.dimensions.value.height })

  /** The nodes that should be mounted now; a short list that does not depend on how many there are. */
  function wanted(): Box[] {
    const { x, y, zoom } = view()
    const { w, h } = size()
    if (!w || zoom < FAR) return []
    const margin = MARGIN / zoom
    const seen: Rect = { x: -x / zoom - margin, y: -y / zoom - margin, w: w / zoom + 2 * margin, h: h / zoom + 2 * margin }
    return scene.list().filter((box) => overlaps(box, seen) || (held.has(box.id) && held.size <= 12))
  }

  function look(force = false): void {
    const { x, y, zoom } = view()
    const key = `${zoom < FAR}|${Math.round(x / 120)}|${Math.round(y / 120)}|${Math.round(Math.log2(zoom) * 8)}|${size().w}`
    if (key === wantedKey && !force) return
    wantedKey = key
    if (!pump) pump = requestAnimationFrame(step)
  }

  function step(): void {
    pump = 0
    const want = wanted()
    const ids = new Set(want.map((box) => box.id))
    const next: GraphNode[] = []
    let left = moving.value ? MOUNTS_PER_FRAME : MOUNTS_PER_FRAME * 8
    let missing = false
    for (const box of want) {
      if (!items.has(box.id)) {
        if (left-- <= 0) {
          missing = true
          continue
        }
        items.set(box.id, graphNode(box))
      }
      next.push(items.get(box.id)!)
    }
    // While a gesture runs nodes are only added; those that left are dropped when it ends.
    const keep = moving.value && view().zoom >= FAR && next.length < KEPT_MAX
    for (const [id, item] of items) {
      if (ids.has(id)) continue
      if (keep && scene.boxes.has(id)) next.push(item)
      else items.delete(id)
    }
    const same = next.length === mounted.size && next.every((item) => mounted.has(item.id))
    if (!same) {
      mounted.clear()
      for (const item of next) mounted.add(item.id)
      store.nodes.value = next
      tick.value++
      listeners.forEach((listener) => listener())
    }
    if (missing) pump = requestAnimationFrame(step)
  }

  function refresh(touched: ReadonlySet<string> | null): void {
    for (const node of store.nodes.value) {
      if (touched && !touched.has(node.id)) continue
      const box = scene.boxes.get(node.id)
      if (!box) continue
      node.data = markRaw({ box, version: (node.data?.version ?? 0) + 1 })
      if (node.position.x !== box.x || node.position.y !== box.y) node.position = { x: box.x, y: box.y }
      if (node.dimensions.width !== box.w || node.dimensions.height !== box.h) node.dimensions = markRaw({ width: box.w, height: box.h })
    }
    look(true)
  }

  function gesture(): void {
    moving.value = true
    clearTimeout(settle)
    settle = window.setTimeout(() => {
      moving.value = ours
      look(true)
    }, SETTLE_MS)
  }

  watch(
    () => [store.viewport.value.x, store.viewport.value.y, store.viewport.value.zoom] as const,
    () => {
      gesture()
      look()
      listeners.forEach((listener) => listener())
    },
    { flush: 'sync' },
  )
  watch(
    () => [store.dimensions.value.width, store.dimensions.value.height],
    () => {
      look(true)
      listeners.forEach((listener) => listener())
    },
    { flush: 'sync' },
  )
  const unfollow = scene.onChange(refresh)
  onScopeDispose(() => {
    unfollow()
    cancelAnimationFrame(pump)
    clearTimeout(settle)
  })

  const flow: Flow = {
    store,
    mounted,
    tick,
    moving,
    view,
    size,
    setView: (next, smooth) => void store.setViewport(next, smooth ? { duration: 180 } : undefined),
    fit: (rect, { padding = 48, zoomMax = 1, smooth = false } = {}) => {
      const { w, h } = size()
      if (!w || !h) return
      const zoom = Math.max(0.1, Math.min(zoomMax, (w - 2 * padding) / Math.max(1, rect.w), (h - 2 * padding) / Math.max(1, rect.h)))
      flow.setView({ x: w / 2 - (rect.x + rect.w / 2) * zoom, y: h / 2 - (rect.y + rect.h / 2) * zoom, zoom }, smooth)
    },
    open: (rect, entry) => {
      const { w, h } = size()
      const whole = Math.min((w - 2 * OPEN_PADDING) / rect.w, (h - 2 * OPEN_PADDING) / rect.h)
      if (whole >= READABLE) return flow.fit(rect, { padding: OPEN_PADDING })
      const zoom = READABLE
      const centred = (size: number, start: number, length: number) => Math.max(size / 2 - (start + length / 2) * zoom, OPEN_PADDING - start * zoom)
      const tall = rect.h * zoom + 2 * OPEN_PADDING > h
      const y = tall ? Math.min(OPEN_PADDING - rect.y * zoom, h / 2 - (entry.y + entry.h / 2) * zoom) : centred(h, rect.y, rect.h)
      const x = centred(w, rect.x, rect.w)
      flow.setView({ x, y, zoom })
    },
    toFlow: (clientX, clientY) => {
      const { x, y, zoom } = view()
      const bounds = store.vueFlowRef.value?.getBoundingClientRect()
      return { x: (clientX - (bounds?.left ?? 0) - x) / zoom, y: (clientY - (bounds?.top ?? 0) - y) / zoom }
    },
    toScreen: (px, py) => {
      const { x, y, zoom } = view()
      const bounds = store.vueFlowRef.value?.getBoundingClientRect()
      return { x: (bounds?.left ?? 0) + x + px * zoom, y: (bounds?.top ?? 0) + y + py * zoom }
    },
    refresh,
    hold: (ids) => void (held = ids),
    busy: (on) => {
      ours = on
      if (on) {
        clearTimeout(settle)
        moving.value = true
      } else gesture()
    },
    onView: (listener) => void listeners.add(listener),
  }
  return flow
}

/** A node as the library keeps it, with the geometry we computed. */
function graphNode(box: Box): GraphNode {
  return {
    id: box.id,
    type: 'plain',
    position: { x: box.x, y: box.y },
    computedPosition: markRaw({ x: box.x, y: box.y, z: 0 }),
    dimensions: markRaw({ width: box.w, height: box.h }),
    handleBounds: markRaw({ source: [], target: [] }),
    data: markRaw({ box, version: 0 }),
    events: markRaw({}),
    style: markRaw({ pointerEvents: 'auto' }),
    draggable: false,
    selectable: false,
    connectable: false,
    focusable: false,
    selected: false,
    dragging: false,
    resizing: false,
    initialized: true,
    isParent: false,
  } as unknown as GraphNode
}
