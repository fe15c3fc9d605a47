import { computed } from 'vue'
import type { RouteLocationRaw } from 'vue-router'
import { useMe } from '@/api/session'

/** A place of the shell: in the rail, in the phone's bar, in the palette. */
export interface Place {
  id: 'home' | 'runs' | 'models' | 'trash' | 'status' | 'settings'
  icon: string
  to: RouteLocationRaw
  /** Whether an address belongs to this place. */
  here: (path: string) => boolean
  /** For the owner alone. */
  owner?: boolean
}

const PLACES: Place[] = [
  { id: 'home', icon: 'i-lucide-house', to: { name: 'home' }, here: (path) => path === '/' || (path.startsWith('/p/') && !path.includes('/runs')) },
  { id: 'runs', icon: 'i-lucide-activity', to: { name: 'runs' }, here: (path) => path.startsWith('/runs') || /^\/p\/[^/]+\/runs/.test(path) },
  { id: 'models', icon: 'i-lucide-cpu', to: { name: 'settings', params: { section: 'models' } }, here: (path) => path === '/settings/models' },
  { id: 'trash', icon: 'i-lucide-trash-2', to: { name: 'trash' }, here: (path) => path === '/trash' },
  { id: 'status', icon: 'i-lucide-gauge', to: { name: 'status' }, here: (path) => path === '/status', owner: true },
  { id: 'settings', icon: 'i-lucide-settings', to: { name: 'settings' }, here: (path) => path.startsWith('/settings') && path !== '/settings/models' },
]

/** The places that the person logged in may go to. */
export function useMyPlaces() {
  const me = useMe()
  return computed(() => PLACES.filter(({ owner }) => !owner || me.value?.role === 'owner'))
}
