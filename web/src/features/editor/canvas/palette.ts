import type { DataType } from '@/lib/graph/document'

/** Colours by type and by family, for light and for dark; each pair keeps 3:1 against its canvas. */
const TYPES: Record<DataType, readonly [light: string, dark: string]> = {
  string: ['#0f8a5f', '#4fd39a'],
  integer: ['#0b76b8', '#5bbcf5'],
  float: ['#0a7f8c', '#4cd0de'],
  boolean: ['#c2335d', '#fb7fa3'],
  object: ['#9a6a05', '#e9b949'],
  array: ['#6d4bd1', '#ab93ff'],
  binary: ['#6b6259', '#b9ada1'],
  image: ['#a32ab0', '#e58af0'],
  audio: ['#b8560a', '#f7a05c'],
  message: ['#1767b0', '#7fb6ff'],
  messages: ['#2f4fc4', '#93a8ff'],
  any: ['#64748b', '#94a3b8'],
}

const FAMILIES: Record<string, string> = {
  graph: '#64748b',
  text: '#0f9d6c',
  numbers: '#0c86c9',
  flow: '#7c5cf0',
  llm: '#e0700f',
  files: '#8a7a5c',
  http: '#0a94a3',
  code: '#b8860b',
  debug: '#d14d72',
  tavern: '#c0392b',
  images: '#b03abf',
}

export const COLOURS = ['#64748b', '#d14d72', '#e0700f', '#b8860b', '#0f9d6c', '#0a94a3', '#0c86c9', '#7c5cf0', '#b03abf'] as const

export function typeColour(type: DataType, dark: boolean): string {
  return (TYPES[type] ?? TYPES.any)[dark ? 1 : 0]
}

export function familyColour(family: string | undefined): string {
  return FAMILIES[family ?? ''] ?? '#64748b'
}

/** Colours of the canvas itself. */
export interface Paint {
  dark: boolean
  dot: string
  node: string
  line: string
  text: string
  muted: string
  accent: string
  bad: string
  good: string
  frame: string
  ghost: string
  pin: string
}

export const PAINTS: Record<'light' | 'dark', Paint> = {
  light: {
    dark: false,
    dot: '#cfd6e1',
    node: '#ffffff',
    line: '#c3ccd9',
    text: '#1e293b',
    muted: '#64748b',
    accent: '#c2550a',
    bad: '#c81e1e',
    good: '#0f8a5f',
    frame: '#94a3b8',
    ghost: '#f1ede4',
    pin: '#7c3aed',
  },
  dark: {
    dark: true,
    dot: '#26334d',
    node: '#182338',
    line: '#33425f',
    text: '#e2e8f0',
    muted: '#94a3b8',
    accent: '#fb9d3a',
    bad: '#f87171',
    good: '#4fd39a',
    frame: '#64748b',
    ghost: '#2b2a25',
    pin: '#b794ff',
  },
}

export function currentPaint(): Paint {
  return PAINTS[document.documentElement.classList.contains('dark') ? 'dark' : 'light']
}
