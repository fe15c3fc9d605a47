/** What a kind declares about itself: the twin of `graph/kinds.py`, and its words in the person's language. */

import type { Port } from './document'

export interface Words {
  title: string
  description: string
  ports?: Record<string, [string, string]>
  options?: Record<string, string>
  keywords?: string[]
}

export interface Kind {
  id: string
  title: string
  description: string
  version?: number
  family?: string
  inputs?: Port[]
  outputs?: Port[]
  effect?: 'pure' | 'nondet' | 'effect'
  control?: '' | 'input' | 'output' | 'group' | 'map' | 'loop' | 'call' | 'race' | 'note'
  dynamic_inputs?: string
  dynamic_outputs?: string
  modes?: Record<string, string[]>
  bypass?: Record<string, string>
  icon?: string
  keywords?: string[]
  example?: { inputs?: Record<string, unknown>; outputs?: Record<string, unknown> }
  words?: Record<string, Words>
  deprecated?: string
}

export type Kinds = ReadonlyMap<string, Kind>

function wordsOf(kind: Kind, locale: string): Words | undefined {
  return kind.words?.[locale] ?? kind.words?.[locale.split('-')[0]!]
}

/** The kind's title in `locale`, else in English. */
export function kindTitle(kind: Kind, locale: string): string {
  return wordsOf(kind, locale)?.title || kind.title
}

/** The kind's description in `locale`, else in English. */
export function kindDescription(kind: Kind, locale: string): string {
  return wordsOf(kind, locale)?.description || kind.description
}

/** A port's title in `locale`; `control` ports and interface ports carry their own. */
export function portTitle(kind: Kind | undefined, port: Port, locale: string): string {
  return (kind && wordsOf(kind, locale)?.ports?.[port.id]?.[0]) || port.title || port.id
}

/** A port's description in `locale`, possibly empty. */
export function portDescription(kind: Kind | undefined, port: Port, locale: string): string {
  return (kind && wordsOf(kind, locale)?.ports?.[port.id]?.[1]) || port.description || ''
}

/** The label of a select's option in `locale`; the value itself when nobody named it. */
export function optionLabel(kind: Kind | undefined, value: unknown, label: string | undefined, locale: string): string {
  return (kind && wordsOf(kind, locale)?.options?.[String(value)]) || label || String(value)
}

/** All that a person may type to find the kind, lower case. */
export function kindHaystack(kind: Kind, locale: string): string {
  const words = wordsOf(kind, locale)
  return [kind.title, words?.title, kind.id, ...(kind.keywords ?? []), ...(words?.keywords ?? []), kind.description, words?.description]
    .filter(Boolean)
    .join('\n')
    .toLowerCase()
}

/** Score a search: 0 = no match; titles that start with the words come first, then word starts, then the rest. */
export function kindScore(kind: Kind, query: string, locale: string): number {
  const needle = query.trim().toLowerCase()
  if (!needle) return 1
  const title = kindTitle(kind, locale).toLowerCase()
  const english = kind.title.toLowerCase()
  if (title.startsWith(needle) || english.startsWith(needle)) return 100 - Math.min(50, title.length)
  if (title.includes(' ' + needle) || english.includes(' ' + needle) || kind.id.includes('.' + needle)) return 45
  const hay = kindHaystack(kind, locale)
  if (title.includes(needle) || hay.includes('\n' + needle)) return 30
  return needle.split(/\s+/).every((word) => hay.includes(word)) ? 10 : 0
}
