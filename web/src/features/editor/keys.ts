import { strokeOf } from './commands/command'
import type { Editor } from './editor'
import type { RunControl } from './run/control'

type Start = (part: Parameters<RunControl['start']>[0]) => Promise<void>

/** Keys that hold in the whole editor, whatever has the focus. */
export function editorKey(event: KeyboardEvent, editor: Editor, start: Start): void {
  if (event.defaultPrevented || event.isComposing) return
  const verbs: Record<string, () => void> = {
    'Mod+Enter': () => void start({}),
    'Mod+Shift+Enter': () => void start({ again: true }),
    'Mod+.': () => void editor.control.stop(),
    'Mod+S': () => void editor.opened.saver.flush(),
    'Mod+B': () => editor.docks.toggle('left'),
    'Mod+J': () => editor.docks.toggle('bottom'),
    'Mod+Alt+B': () => editor.docks.toggle('right'),
    'Mod+F': () => editor.docks.show('left', 'search'),
    F6: () => nextRegion(1),
    'Shift+F6': () => nextRegion(-1),
  }
  const typing = event.target instanceof HTMLElement && event.target.closest('input, textarea, select, [contenteditable="true"], .cm-editor')
  const stroke = strokeOf(event)
  if (!typing) {
    verbs['Mod+Z'] = () => void editor.session.undo()
    verbs['Mod+Shift+Z'] = verbs['Mod+Y'] = () => void editor.session.redo()
  }
  const verb = verbs[stroke]
  if (!verb) return
  event.preventDefault()
  verb()
}

/** Go to the next region of the page: docks, canvas, bar. */
function nextRegion(by: number): void {
  const regions = [...document.querySelectorAll<HTMLElement>('[data-region]')].filter((region) => region.offsetParent !== null)
  const now = regions.findIndex((region) => region.contains(document.activeElement))
  const next = regions[(now + by + regions.length) % regions.length]
  const target = next?.matches('[tabindex]') ? next : next?.querySelector<HTMLElement>('button, input, [tabindex="0"], a[href]')
  target?.focus()
}
