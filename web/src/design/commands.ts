import { computed, onScopeDispose, shallowReactive } from 'vue'

/** Something the command palette can do. */
export interface Command {
  id: string
  label: string
  icon: string
  keys?: string[]
  run: () => void
}
export interface CommandGroup {
  id: string
  label: string
  commands: Command[]
}

const sources = shallowReactive(new Set<() => CommandGroup>())

/** Offers commands in the palette for as long as the calling component lives. */
export function offerCommands(source: () => CommandGroup): void {
  sources.add(source)
  onScopeDispose(() => sources.delete(source))
}

/** Every group now on offer, the latest first: what is open on the page comes before what is always there. */
export const offered = computed(() => [...sources].reverse().map((source) => source()))
