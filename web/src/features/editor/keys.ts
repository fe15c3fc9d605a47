import { meant, typing } from '@/design/keys'
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
  }
  if (!typing(event.target)) {
    verbs['Mod+Z'] = () => void editor.session.undo()
    verbs['Mod+Shift+Z'] = verbs['Mod+Y'] = () => void editor.session.redo()
  }
  const verb = verbs[meant(event)]
  if (!verb) return
  event.preventDefault()
  verb()
}
