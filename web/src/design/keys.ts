import { computed, shallowRef, watch } from 'vue'
import { useMe, usePreferences } from '@/api/session'
import { chosenFor, choicesOf, DEFAULT_CHOICES, meantBy, shownKeys, strokeOf, type KeyChoices } from '@/lib/keys'

const choices = shallowRef<KeyChoices>(DEFAULT_CHOICES)

/** The default stroke that a key press stands for, after what the person chose; empty when it does nothing. */
export const meant = (event: KeyboardEvent): string => meantBy(strokeOf(event), choices.value)

/** As `meant`, for a stroke or a chord. */
export const meantStroke = (pressed: string): string => meantBy(pressed, choices.value)

/** The keys to press for what a default stroke does; empty when there are none. */
export function shownFor(stroke: string): string[] {
  const chosen = chosenFor(stroke, choices.value)
  return chosen ? shownKeys(chosen) : []
}

/** The same on one line. */
export const shownStroke = (stroke: string): string => shownFor(stroke).join('+')

/** Whether a press belongs to what is being typed. */
export const typing = (target: EventTarget | null): boolean => target instanceof Element && target.closest('input, textarea, select, [contenteditable="true"], .cm-editor') !== null

/** Follows the saved choices for as long as the shell lives. */
export function followKeys(): void {
  const me = useMe()
  watch(() => me.value?.preferences?.keys, (saved) => (choices.value = choicesOf(saved)), { immediate: true })
}

/** The choices, and how to change them; saved with the person's preferences. */
export function useKeyChoices() {
  const { save } = usePreferences()
  return {
    choices: computed(() => choices.value),
    choose: (change: Partial<KeyChoices>) => save.mutate({ keys: { ...choices.value, ...change } }),
  }
}
