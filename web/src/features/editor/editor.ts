import { inject, nextTick, provide, shallowRef, type InjectionKey, type ShallowRef } from 'vue'
import type { CanvasContext } from './canvas/context'
import { reveal } from './commands/walk'
import type { RunControl } from './run/control'
import { useDocks, type Docks } from './session/docks'
import type { EditorSession } from './session/session'
import type { OpenWorkflow } from './session/tabs'

/** What the panels of one editor share. */
export interface Editor {
  opened: OpenWorkflow
  session: EditorSession
  control: RunControl
  docks: Docks
  canvas: ShallowRef<CanvasContext | null>
  /** Show a node, or one field of it, in the inspector; `$run` shows what it did in the run. */
  inspect: (node: string, port?: string) => void
  /** Go to a node wherever it stands. */
  goTo: (body: string, node: string) => void
}

const KEY: InjectionKey<Editor> = Symbol('editor')

export function provideEditor(opened: OpenWorkflow, control: RunControl): Editor {
  const { session } = opened
  const docks = useDocks()
  const canvas = shallowRef<CanvasContext | null>(null)
  const editor: Editor = {
    opened,
    session,
    control,
    docks,
    canvas,
    inspect: (node, port) => {
      if (node.startsWith('frame:')) session.selection.set({ frames: [node.slice(6)] })
      else if (!session.selection.nodes.has(node) || session.selection.nodes.size > 1) session.selection.set({ nodes: [node] })
      docks.show('right', port === '$wait' ? 'run' : port === '$run' ? 'data' : 'inspector')
      session.wanted.value = { node, port: port && !port.startsWith('$') ? port : '' }
    },
    goTo: (body, node) => {
      const way = session.wayTo(body)
      if (way === null) return
      session.path.value = way
      session.selection.set({ nodes: [node] })
      void nextTick(() => {
        const context = canvas.value
        const box = context?.scene.boxes.get(node)
        if (!context || !box) return
        if (context.flow.view().zoom < 0.55) context.flow.fit(box, { padding: 160 })
        else reveal(context, box)
      })
    },
  }
  provide(KEY, editor)
  return editor
}

export function useEditor(): Editor {
  const editor = inject(KEY)
  if (!editor) throw new Error('no editor around this component')
  return editor
}
