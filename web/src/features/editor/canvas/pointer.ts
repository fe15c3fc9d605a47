import { onMounted, onScopeDispose } from 'vue'
import type { CanvasContext, Gesture } from './context'
import { boxGesture, cutGesture } from './gestures/area'
import { dragGesture } from './gestures/drag'
import { linkGesture } from './gestures/link'
import { addStop, frameGesture, removeStop, resizeGesture, stopGesture } from './gestures/shape'
import { hitAt, type Hit } from './hit'

const SLOP_PX = 4
const LONG_PRESS_MS = 500

/** Elements inside nodes that answer the pointer themselves. */
const OWN = 'input, textarea, select, button, a, [contenteditable], [data-own]'

/** Turns presses on the canvas into gestures, before the library sees them; what nobody takes pans the view. */
export function usePointer(context: CanvasContext): void {
  const { session, scene, flow } = context
  let gesture: Gesture | null = null
  let pressed: { event: PointerEvent; moved: boolean; id: number } | null = null
  let latest: PointerEvent | null = null
  let frame = 0
  let spaceDown = false
  let press = 0

  function at(event: MouseEvent): Hit {
    const { x, y } = flow.toFlow(event.clientX, event.clientY)
    return hitAt(scene, x, y, flow.view().zoom, (event as PointerEvent).pointerType === 'touch')
  }
  const own = (event: Event) => event.target instanceof Element && Boolean(event.target.closest(OWN))
  const onCanvas = (event: Event) => event.target instanceof Element && Boolean(event.target.closest('.vue-flow__viewport'))

  function down(event: PointerEvent): void {
    if (!onCanvas(event)) return
    context.host().focus({ preventScroll: true })
    if (gesture) return stop(true)
    if (event.button !== 0 || spaceDown || own(event)) return
    const hit = at(event)
    gesture = gestureFor(event, hit)
    pressed = { event, moved: false, id: event.pointerId }
    if (event.pointerType === 'touch') press = window.setTimeout(() => longPress(event, hit), LONG_PRESS_MS)
    if (!gesture) return
    event.stopPropagation()
    window.addEventListener('pointermove', move, true)
    window.addEventListener('pointerup', up, true)
    window.addEventListener('pointercancel', abort, true)
  }

  function gestureFor(event: PointerEvent, hit: Hit): Gesture | null {
    const more = event.shiftKey || event.ctrlKey || event.metaKey
    if (context.locked.value) return hit.what === 'node' ? choose(event, hit) : null
    switch (hit.what) {
      case 'port':
        return linkGesture(context, hit.hit, event)
      case 'corner':
        return resizeGesture(context, hit.box, event)
      case 'node':
        return choose(event, hit) && dragGesture(context, event)
      case 'stop':
        return event.altKey ? (removeStop(context, hit.line, hit.index), idle) : stopGesture(context, hit.line, hit.index)
      case 'frame':
        if (hit.corner) return frameGesture(context, hit.frame, hit.rect, event)
        if (more) session.selection.toggle('frames', hit.frame.id)
        else if (!session.selection.frames.has(hit.frame.id)) session.selection.set({ frames: [hit.frame.id] })
        return dragGesture(context, event)
      case 'wire': {
        if (event.altKey) {
          const { x, y } = flow.toFlow(event.clientX, event.clientY)
          addStop(context, hit.line, hit.piece, x, y)
        } else if (more) session.selection.toggle('wires', hit.line.id)
        else session.selection.set({ wires: [hit.line.id] })
        return idle
      }
      case 'pane':
        if (event.shiftKey) return boxGesture(context, event)
        return event.ctrlKey || event.metaKey ? cutGesture(context, event) : null
    }
  }

  /** Select the node under the pointer; a selected one keeps its company until it is known whether this is a drag. */
  function choose(event: PointerEvent, hit: Extract<Hit, { what: 'node' }>): Gesture {
    const { id } = hit.box
    const { selection } = session
    if (event.shiftKey || event.ctrlKey || event.metaKey) selection.toggle('nodes', id)
    else if (!selection.nodes.has(id)) selection.set({ nodes: [id] })
    else if (selection.active !== id) {
      selection.active = id
      selection.changed()
    }
    return idle
  }

  function move(event: PointerEvent): void {
    if (!pressed || event.pointerId !== pressed.id) return
    if (!pressed.moved && Math.hypot(event.clientX - pressed.event.clientX, event.clientY - pressed.event.clientY) < SLOP_PX) return
    pressed.moved = true
    clearTimeout(press)
    latest = event
    if (!frame) frame = requestAnimationFrame(tick)
  }

  function tick(): void {
    frame = 0
    if (!gesture || !latest) return
    gesture.move(latest)
    if (edgePan(latest)) frame = requestAnimationFrame(tick)
  }

  /** Near the edge the view moves along. */
  function edgePan(event: PointerEvent): boolean {
    const bounds = context.host().getBoundingClientRect()
    const push = (value: number, low: number, high: number) => (value < low + 24 ? 12 : value > high - 24 ? -12 : 0)
    const [dx, dy] = [push(event.clientX, bounds.left, bounds.right), push(event.clientY, bounds.top, bounds.bottom)]
    if (!dx && !dy) return false
    const view = flow.view()
    flow.setView({ ...view, x: view.x + dx, y: view.y + dy })
    return true
  }

  function up(event: PointerEvent): void {
    if (!pressed || event.pointerId !== pressed.id) return
    const { moved, event: first } = pressed
    const made = gesture
    const last = latest
    stop(false)
    if (moved && last) made?.move(event)
    made?.end(event, moved)
    if (!moved && !first.shiftKey && !first.ctrlKey && !first.metaKey) {
      const hit = at(event)
      if (hit.what === 'node' && session.selection.size > 1) session.selection.set({ nodes: [hit.box.id] })
    }
  }

  function abort(): void {
    stop(true)
  }

  function stop(cancelled: boolean): void {
    if (cancelled) gesture?.cancel()
    gesture = null
    pressed = null
    latest = null
    clearTimeout(press)
    cancelAnimationFrame(frame)
    frame = 0
    window.removeEventListener('pointermove', move, true)
    window.removeEventListener('pointerup', up, true)
    window.removeEventListener('pointercancel', abort, true)
  }

  function longPress(event: PointerEvent, hit: Hit): void {
    stop(true)
    context.menu(event.clientX, event.clientY, hit)
  }

  /** The library pans on mouse and touch events: it must not see those of our gestures. */
  function shield(event: Event): void {
    if (gesture) event.stopPropagation()
  }

  function click(event: MouseEvent): void {
    if (onCanvas(event) && !own(event) && at(event).what === 'pane' && !event.shiftKey && !event.ctrlKey && !event.metaKey) session.selection.clear()
  }

  function doubleClick(event: MouseEvent): void {
    if (!onCanvas(event) || own(event)) return
    event.stopPropagation()
    const hit = at(event)
    const place = flow.toFlow(event.clientX, event.clientY)
    if (hit.what === 'pane') context.add({ x: event.clientX, y: event.clientY, at: place })
    else if (hit.what === 'wire') addStop(context, hit.line, hit.piece, place.x, place.y)
    else if (hit.what === 'stop') removeStop(context, hit.line, hit.index)
    else if (hit.what === 'node') context.enter(hit.box.id)
  }

  function contextMenu(event: MouseEvent): void {
    if (!onCanvas(event)) return
    event.preventDefault()
    context.menu(event.clientX, event.clientY, at(event))
  }

  function hover(event: PointerEvent): void {
    if (gesture || flow.moving.value || !onCanvas(event)) return
    const hit = at(event)
    const host = context.host()
    const line = hit.what === 'wire' ? hit.line.id : null
    host.dataset.over = hit.what === 'frame' && hit.corner ? 'corner' : hit.what
    if (context.overlay.hover !== line) {
      context.overlay.hover = line
      context.repaint()
    }
  }

  function key(event: KeyboardEvent): void {
    if (event.code === 'Space') {
      spaceDown = event.type === 'keydown' && !own(event)
      context.host().classList.toggle('grab', spaceDown)
      if (spaceDown && event.target === context.host()) event.preventDefault()
    }
    if (event.key === 'Escape' && gesture) {
      event.stopPropagation()
      stop(true)
    }
  }

  onMounted(() => {
    const host = context.host()
    const listen: [string, (event: never) => void, AddEventListenerOptions?][] = [
      ['pointerdown', down, { capture: true }],
      ['mousedown', shield, { capture: true }],
      ['touchstart', shield, { capture: true, passive: true }],
      ['click', click, { capture: true }],
      ['dblclick', doubleClick, { capture: true }],
      ['contextmenu', contextMenu, { capture: true }],
      ['pointermove', hover, { passive: true }],
    ]
    for (const [name, handler, options] of listen) host.addEventListener(name, handler as EventListener, options)
    window.addEventListener('keydown', key, true)
    window.addEventListener('keyup', key, true)
  })
  onScopeDispose(() => {
    stop(true)
    window.removeEventListener('keydown', key, true)
    window.removeEventListener('keyup', key, true)
  })
}

/** A press that does nothing more, but keeps the library from panning. */
const idle: Gesture = { move: () => {}, end: () => {}, cancel: () => {} }
