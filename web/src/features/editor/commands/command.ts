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

const MAC = typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.platform)

/** The stroke of a key event in the form that commands use; letters are upper case, symbols as typed. */
export function strokeOf(event: KeyboardEvent): string {
  const key = event.key === ' ' ? 'Space' : event.altKey && /^Key[A-Z]$/.test(event.code) ? event.code.slice(3) : event.key.length === 1 ? event.key.toUpperCase() : event.key
  const symbol = key.length === 1 && !/[A-Z0-9]/.test(key)
  const parts = [event.ctrlKey || event.metaKey ? 'Mod' : '', event.altKey ? 'Alt' : '', event.shiftKey && !symbol ? 'Shift' : '', key]
  return parts.filter(Boolean).join('+')
}

/** A stroke as shown to people. */
export function shownStroke(stroke: string): string {
  const names: Record<string, string> = { Mod: MAC ? '⌘' : 'Ctrl', ArrowUp: '↑', ArrowDown: '↓', ArrowLeft: '←', ArrowRight: '→', Delete: 'Del', Escape: 'Esc' }
  return stroke
    .split(/\+(?=.)/)
    .map((part) => names[part] ?? part)
    .join('+')
}
