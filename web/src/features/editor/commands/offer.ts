import { useI18n } from 'vue-i18n'
import { offerCommands } from '@/design/commands'
import { shownFor } from '@/design/keys'
import type { Editor } from '../editor'
import type { RunControl } from '../run/control'
import type { Command } from './command'
import { commands } from '.'

/** Offers everything the editor can do to the command palette. */
export function offerEditor(editor: Editor, start: (part: Parameters<RunControl['start']>[0]) => Promise<void>): void {
  const { t } = useI18n()
  const { session, canvas, control, docks, opened } = editor
  const keysOf = (stroke: string | undefined) => (stroke ? shownFor(stroke) : undefined)
  const named = (command: Command) => Boolean(command.icon)
  offerCommands(() => {
    void session.selection.tick.value
    void session.tick.value
    const context = canvas.value
    const able = context ? commands.filter((command) => named(command) && (command.when?.(context) ?? true)) : []
    return {
      id: 'editor',
      label: t('editor.palette.edit'),
      commands: [
        control.active.value
          ? { id: 'stop', label: t('editor.command.stop'), icon: 'i-lucide-square', keys: keysOf('Mod+.'), run: () => void control.stop() }
          : { id: 'run', label: t('editor.command.run'), icon: 'i-lucide-play', keys: keysOf('Mod+Enter'), run: () => void start({}) },
        { id: 'search', label: t('editor.search.placeholder'), icon: 'i-lucide-search', keys: keysOf('Mod+F'), run: () => docks.show('left', 'search') },
        { id: 'versions', label: t('editor.tab.versions'), icon: 'i-lucide-history', run: () => (docks.show('bottom', 'versions'), void opened.saver.flush()) },
        ...able.map((command) => ({
          id: command.id,
          label: t(`editor.command.${command.id}`),
          icon: command.icon!,
          keys: keysOf(command.keys?.[0]),
          run: () => {
            context!.host().focus({ preventScroll: true })
            command.run(context!)
          },
        })),
      ],
    }
  })
}
