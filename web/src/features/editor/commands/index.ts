import { meant } from '@/design/keys'
import type { CanvasContext } from '../canvas/context'
import { arrangeCommands } from './arrange'
import { clipboardCommands } from './clipboard'
import type { Command } from './command'
import { nodeCommands } from './node'
import { arrowKey, viewCommands } from './view'

/** Everything that can be done on the canvas. */
export const commands: readonly Command[] = [...viewCommands, ...clipboardCommands, ...nodeCommands, ...arrangeCommands]

const byId = new Map(commands.map((command) => [command.id, command]))
const byStroke = new Map(commands.flatMap((command) => (command.keys ?? []).map((stroke) => [stroke, command] as const)))

export function commandOf(id: string): Command {
  const command = byId.get(id)
  if (!command) throw new Error(`no command ${id}`)
  return command
}

/** Run a command if it makes sense now. */
export function invoke(context: CanvasContext, id: string): void {
  const command = commandOf(id)
  if (command.when?.(context) ?? true) command.run(context)
}

/** Answer a key press on the canvas; true when it was one of ours. */
export function pressed(context: CanvasContext, event: KeyboardEvent): boolean {
  if (arrowKey(context, event)) return true
  const command = byStroke.get(meant(event))
  if (!command) return false
  if (command.when?.(context) ?? true) command.run(context)
  return true
}
