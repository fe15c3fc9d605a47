import type { CanvasContext } from '../canvas/context'

/** Something a person can do on the canvas, by key, menu, palette or button. Its name is `editor.command.<id>`. */
export interface Command {
  id: string
  /** Key strokes such as `Mod+Shift+Z`; `Mod` is Ctrl, or Cmd on a Mac. */
  keys?: string[]
  section: 'edit' | 'add' | 'arrange' | 'node' | 'group' | 'view' | 'run'
  icon?: string
  when?: (context: CanvasContext) => boolean
  run: (context: CanvasContext) => void
}

export const someNodes = ({ session }: CanvasContext) => session.selection.nodes.size > 0
export const severalNodes = ({ session }: CanvasContext) => session.selection.nodes.size > 1
export const activeNode = ({ session }: CanvasContext) => session.selection.active
