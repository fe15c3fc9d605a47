/** Keys as text: `Mod+Shift+Z` is a stroke, `G H` a chord of two. `Mod` is Ctrl, or Cmd on a Mac. */

const MAC = typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.platform)

/** The stroke of a key event; letters are upper case, symbols as typed. */
export function strokeOf(event: KeyboardEvent): string {
  const key = event.key === ' ' ? 'Space' : event.altKey && /^Key[A-Z]$/.test(event.code) ? event.code.slice(3) : event.key.length === 1 ? event.key.toUpperCase() : event.key
  const symbol = key.length === 1 && !/[A-Z0-9]/.test(key)
  const parts = [event.ctrlKey || event.metaKey ? 'Mod' : '', event.altKey ? 'Alt' : '', event.shiftKey && !symbol ? 'Shift' : '', key]
  return parts.filter(Boolean).join('+')
}

/** The keys of a stroke or chord as people know them. */
export function shownKeys(stroke: string): string[] {
  const names: Record<string, string> = { Mod: MAC ? '⌘' : 'Ctrl', ArrowUp: '↑', ArrowDown: '↓', ArrowLeft: '←', ArrowRight: '→', Delete: 'Del', Escape: 'Esc', '-': '−' }
  return stroke.split(' ').flatMap((one) => one.split(/\+(?=.)/)).map((part) => names[part] ?? part)
}

/** Whether a stroke is only a character: one that speech input or a slip of the hand can make. */
export const isSingle = (stroke: string): boolean => stroke.split(' ').every((one) => /^(Shift\+)?.$/u.test(one))

/** What a person chose about keys. */
export interface KeyChoices {
  /** The stroke that now does what the one named does by default; empty: none does. */
  moved: Readonly<Record<string, string>>
  /** Whether keys that are only a character do anything. */
  single: boolean
}
export const DEFAULT_CHOICES: KeyChoices = { moved: {}, single: true }

/** Reads choices as they were saved; whatever is not understood is as by default. */
export function choicesOf(saved: unknown): KeyChoices {
  const { moved, single } = (saved && typeof saved === 'object' ? saved : {}) as { moved?: unknown; single?: unknown }
  const pairs = moved && typeof moved === 'object' ? Object.entries(moved).filter((pair): pair is [string, string] => typeof pair[1] === 'string') : []
  return { moved: Object.fromEntries(pairs), single: single !== false }
}

/** The default stroke that a pressed one stands for; empty when it does nothing. */
export function meantBy(pressed: string, { moved, single }: KeyChoices): string {
  if (!single && isSingle(pressed)) return ''
  const found = Object.entries(moved).find(([, chosen]) => chosen === pressed)
  return found ? found[0] : pressed in moved ? '' : pressed
}

/** The stroke to press for what a default stroke does; empty when there is none. */
export function chosenFor(stroke: string, { moved, single }: KeyChoices): string {
  const chosen = moved[stroke] ?? stroke
  return !single && isSingle(chosen) ? '' : chosen
}
