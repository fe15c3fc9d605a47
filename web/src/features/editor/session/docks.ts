import { reactive, watch } from 'vue'

export type Side = 'left' | 'right' | 'bottom'
export type Tab = 'nodes' | 'outline' | 'search' | 'inspector' | 'run' | 'data' | 'log' | 'timeline' | 'problems' | 'history' | 'versions'

export const TABS: Record<Side, readonly Tab[]> = {
  left: ['nodes', 'outline', 'search'],
  right: ['inspector', 'run', 'data'],
  bottom: ['problems', 'log', 'timeline', 'history', 'versions'],
}

export interface Dock {
  open: boolean
  tab: Tab
  size: number
}

export interface Docks {
  state: Record<Side, Dock>
  toggle(side: Side): void
  show(side: Side, tab: Tab): void
}

const KEY = 'comfytavern.docks'
const FRESH: Record<Side, Dock> = {
  left: { open: true, tab: 'nodes', size: 240 },
  right: { open: true, tab: 'inspector', size: 320 },
  bottom: { open: false, tab: 'problems', size: 200 },
}

function saved(): Record<Side, Dock> {
  const state = structuredClone(FRESH)
  try {
    const known = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Record<Side, Partial<Dock>>>
    for (const side of ['left', 'right', 'bottom'] as const) {
      const dock = known[side]
      if (dock?.tab && TABS[side].includes(dock.tab)) Object.assign(state[side], dock)
    }
  } catch {
    // What was kept cannot be read: the docks start afresh.
  }
  return state
}

const state = reactive(saved())
let watched = false

/** Which docks are open, on which tab and how wide; kept in this browser. */
export function useDocks(): Docks {
  if (!watched) {
    watched = true
    watch(state, (now) => localStorage.setItem(KEY, JSON.stringify(now)), { deep: true })
  }
  return {
    state,
    toggle: (side) => void (state[side].open = !state[side].open),
    show: (side, tab) => void Object.assign(state[side], { open: true, tab }),
  }
}
