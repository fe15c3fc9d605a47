import { inject, provide, type InjectionKey, type ShallowRef } from 'vue'
import type { End, Port } from '@/lib/graph/document'
import type { EditorSession } from '../session/session'
import type { Flow } from './flow'
import type { Hit } from './hit'
import type { Overlay } from './overlay'
import type { Scene } from './scene'

/** A wire that waits for its other end. */
export interface Loose {
  end: End
  side: 'inputs' | 'outputs'
  port: Port
}

/** Ask for a new node at a place of the canvas, perhaps wired to a loose end or put into a wire. */
export interface AddRequest {
  x: number
  y: number
  at: { x: number; y: number }
  loose?: Loose
  wire?: string
}

/** Everything a gesture or a tool of the canvas works with. */
export interface CanvasContext {
  session: EditorSession
  scene: Scene
  flow: Flow
  overlay: Overlay
  host: () => HTMLElement
  repaint: () => void
  /** Whether positions stick to the grid and to each other. */
  snap: ShallowRef<boolean>
  /** Nothing may be moved or changed by the pointer. */
  locked: ShallowRef<boolean>
  /** A wire being drawn: ports that fit are lit. */
  loose: ShallowRef<Loose | null>
  add: (request: AddRequest) => void
  /** Wire the active node by keyboard, or list its wires. */
  wire: (mode: 'connect' | 'wires') => void
  menu: (x: number, y: number, hit: Hit) => void
  enter: (node: string) => void
  /** Show a node, or one field of it, in the inspector. */
  inspect: (node: string, port?: string) => void
  run: (what: 'to' | 'only' | 'from', node: string) => void
  t: (key: string, params?: Record<string, unknown>) => string
  locale: () => string
  say: (key: string, params?: Record<string, string | number>) => void
}

/** One gesture from press to release. All points are those of the pointer event. */
export interface Gesture {
  move(event: PointerEvent): void
  /** `moved` is false for a mere click. */
  end(event: PointerEvent, moved: boolean): void
  cancel(): void
}

const KEY: InjectionKey<CanvasContext> = Symbol('canvas')

export function provideCanvas(context: CanvasContext): void {
  provide(KEY, context)
}

export function useCanvas(): CanvasContext {
  const context = inject(KEY)
  if (!context) throw new Error('no canvas around this component')
  return context
}
