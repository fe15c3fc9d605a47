import { useEventListener } from '@vueuse/core'
import type { RouteLocationRaw, Router } from 'vue-router'
import { meantStroke, typing } from '@/design/keys'
import { strokeOf } from '@/lib/keys'
import { paletteOpen } from './shell'

const CHORD_MS = 1500
const keyboard: RouteLocationRaw = { name: 'settings', params: { section: 'keyboard' } }

/** Keys that hold everywhere. `G` waits a moment for the second key of a chord; while something is typed only keys with Ctrl or F keys count. */
export function useShellKeys(router: Router): void {
  const to = (place: RouteLocationRaw) => () => void router.push(place)
  const verbs: Record<string, () => void> = {
    'Mod+K': () => (paletteOpen.value = !paletteOpen.value),
    'Mod+,': to({ name: 'settings' }),
    '?': to(keyboard),
    'G H': to({ name: 'home' }),
    'G W': () => (paletteOpen.value = true),
    'G R': to({ name: 'runs' }),
    'G S': to({ name: 'settings' }),
    F6: () => nextRegion(1),
    'Shift+F6': () => nextRegion(-1),
  }
  let begun = 0
  useEventListener(window, 'keydown', (event: KeyboardEvent) => {
    if (event.isComposing || ['Shift', 'Control', 'Alt', 'Meta'].includes(event.key)) return
    const stroke = strokeOf(event)
    const second = event.timeStamp - begun < CHORD_MS
    begun = 0
    if (typing(event.target) && !/^(Mod\+|(Shift\+)?F\d)/.test(stroke)) return
    const verb = (second && verbs[meantStroke(`G ${stroke}`)]) || verbs[meantStroke(stroke)]
    if (verb) {
      event.preventDefault()
      event.stopPropagation()
      verb()
    } else if (stroke === 'G' && !dialogOpen()) begun = event.timeStamp
  }, { capture: true })
}

const dialogOpen = () => document.querySelector('[role="dialog"][data-state="open"]') !== null

/** Goes to the next region of the page: rail, bar, docks, canvas. */
function nextRegion(by: number): void {
  const regions = [...document.querySelectorAll<HTMLElement>('[data-region]')].filter((region) => region.offsetParent !== null && !region.querySelector('[data-region]'))
  const now = regions.findIndex((region) => region.contains(document.activeElement))
  const next = regions[(Math.max(now, by > 0 ? -1 : 0) + by + regions.length) % regions.length]
  const inner = next?.querySelector<HTMLElement>('a[href], button:not([disabled]), input, [tabindex="0"]')
  const target = next?.matches('[tabindex]') ? next : inner
  target?.focus()
}
