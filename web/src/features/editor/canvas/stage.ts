/** A canvas on a page of its own, and a hand with a mouse: for contract tests only. */

import ui from '@nuxt/ui/vue-plugin'
import { page } from 'vitest/browser'
import { createApp, defineComponent, h, nextTick } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import type { GraphDoc } from '@/lib/graph/document'
import { TEST_KINDS } from '@/lib/graph/testing'
import { i18n, loadRooms } from '@/lib/i18n'
import { EditorSession } from '../session/session'
import { provideSession } from '../session/use'
import Canvas from './Canvas.vue'
import type { CanvasContext } from './context'

export interface Stage {
  session: EditorSession
  context: CanvasContext
  host: HTMLElement
  close(): void
}

export const frames = async (count = 3) => {
  for (let i = 0; i < count; i++) await new Promise((done) => requestAnimationFrame(done))
  await nextTick()
}
export const pause = (ms: number) => new Promise((done) => setTimeout(done, ms))

/** Put a graph on the stage, at 100 % with its origin in the upper left corner. */
export async function stage(doc: GraphDoc): Promise<Stage> {
  await page.viewport(1100, 760)
  await loadRooms('editor')
  const place = document.createElement('div')
  place.style.cssText = 'position:fixed;inset:0;width:1000px;height:700px'
  document.body.append(place)
  const session = new EditorSession(`stage-${Math.random()}`, structuredClone(doc), TEST_KINDS)
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component: { render: () => h('div') } }] })
  let ready!: (context: CanvasContext) => void
  const context = new Promise<CanvasContext>((done) => (ready = done))
  const Root = defineComponent({
    setup: () => {
      provideSession(session)
      return () => h(Canvas, { onReady: ready })
    },
  })
  const app = createApp(Root).use(router).use(i18n).use(ui)
  app.mount(place)
  const found = await context
  found.flow.setView({ x: 20, y: 20, zoom: 1 })
  found.snap.value = false
  await pause(220)
  await frames()
  return { session, context: found, host: found.host(), close: () => (app.unmount(), place.remove()) }
}

type Keys = Pick<PointerEventInit, 'shiftKey' | 'ctrlKey' | 'altKey' | 'button'>

function fire(name: string, x: number, y: number, keys: Keys = {}, target?: EventTarget | null): void {
  const init = { bubbles: true, cancelable: true, composed: true, clientX: x, clientY: y, view: window, pointerId: 1, pointerType: 'mouse', isPrimary: true, button: 0, ...keys }
  const Kind = name.startsWith('pointer') ? PointerEvent : MouseEvent
  ;(target ?? document.elementFromPoint(x, y) ?? document.body).dispatchEvent(new Kind(name, { ...init, buttons: /up|click/.test(name) ? 0 : 1 }))
}

/** Press at a point of the graph, move to others, release: what a mouse sends, in its order. */
export async function drag({ context }: Stage, from: [number, number], to: [number, number][], keys: Keys = {}): Promise<void> {
  const at = ([x, y]: [number, number]) => context.flow.toScreen(x, y)
  const start = at(from)
  fire('pointerdown', start.x, start.y, keys)
  fire('mousedown', start.x, start.y, keys)
  let last = start
  for (const point of to) {
    const next = at(point)
    for (const part of [0.5, 1]) {
      const [x, y] = [last.x + (next.x - last.x) * part, last.y + (next.y - last.y) * part]
      fire('pointermove', x, y, keys, window)
      fire('mousemove', x, y, keys, window)
      await frames(2)
    }
    last = next
  }
  fire('pointerup', last.x, last.y, keys, window)
  fire('mouseup', last.x, last.y, keys, window)
  await frames(2)
}

export async function click({ context }: Stage, [x, y]: [number, number], keys: Keys = {}): Promise<void> {
  const at = context.flow.toScreen(x, y)
  for (const name of ['pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click']) fire(name, at.x, at.y, keys, name === 'pointerup' ? window : undefined)
  await frames(2)
}

export async function doubleClick({ context }: Stage, [x, y]: [number, number]): Promise<void> {
  const at = context.flow.toScreen(x, y)
  fire('dblclick', at.x, at.y)
  await frames(2)
}

export async function wheel({ context }: Stage, [x, y]: [number, number], deltaY: number): Promise<void> {
  const at = context.flow.toScreen(x, y)
  document.elementFromPoint(at.x, at.y)?.dispatchEvent(new WheelEvent('wheel', { bubbles: true, cancelable: true, clientX: at.x, clientY: at.y, deltaY, view: window }))
  await frames(3)
}

export async function press({ host }: Stage, key: string, more: KeyboardEventInit = {}): Promise<void> {
  const target = document.activeElement && document.activeElement !== document.body ? document.activeElement : host
  target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more }))
  await frames(2)
}
