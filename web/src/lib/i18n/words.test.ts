// @vitest-environment node
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

type Tree = { [key: string]: string | Tree }

const src = fileURLToPath(new URL('../../', import.meta.url))
const all = readdirSync(src, { recursive: true, encoding: 'utf8' })
const read = (path: string) => readFileSync(join(src, path), 'utf8')
const sources = all.filter((path) => /\.(ts|vue)$/.test(path) && !/\.(test|d)\.ts$/.test(path)).map(read)

/** Leaves of a tree of words, by dotted key. */
function leaves(tree: Tree, prefix = ''): [string, string][] {
  return Object.entries(tree).flatMap(([key, value]) => (typeof value === 'string' ? [[`${prefix}${key}`, value] as [string, string]] : leaves(value, `${prefix}${key}.`)))
}

function wordsOf(locale: string): Map<string, string> {
  const rooms = all.filter((path) => path.startsWith(`locales/${locale}/`))
  return new Map(rooms.flatMap((path) => leaves({ [basename(path, '.json')]: JSON.parse(read(path)) as Tree })))
}

const en = wordsOf('en')
const zh = wordsOf('zh-CN')
const names = (sentence: string) => [...new Set(sentence.match(/\{\w+\}/g) ?? [])].sort()

/** Keys in the code: whole ones, those among them that are surely asked for, and the fixed beginnings of those made by a template such as `runs.state.${state}`. */
function keysInCode() {
  const whole = new Set<string>()
  const asked = new Set<string>()
  const starts = new Set<string>()
  const rooms = [...new Set([...en.keys()].map((key) => key.split('.')[0]))].join('|')
  for (const text of sources) {
    for (const [, key] of text.matchAll(new RegExp(`['"\`]((?:${rooms})(?:\\.[\\w-]+)+)['"\`]`, 'g'))) whole.add(key!)
    for (const [, key] of text.matchAll(new RegExp(`(?:\\bt\\(|\\btitle: )'((?:${rooms})(?:\\.[\\w-]+)+)'`, 'g'))) asked.add(key!)
    for (const [, start] of text.matchAll(new RegExp(`\`((?:${rooms})\\.(?:[\\w-]+\\.)*)[\\w-]*\\$\\{`, 'g'))) starts.add(start!)
  }
  return { whole, asked, starts }
}

describe('the words', () => {
  it('has files for both languages', () => expect(en.size).toBeGreaterThan(0))

  it('says everything in Chinese that it says in English, and nothing more', () => {
    expect([...zh.keys()].sort()).toEqual([...en.keys()].sort())
  })

  it('puts the same values into both sentences', () => {
    expect([...en].filter(([key, sentence]) => String(names(sentence)) !== String(names(zh.get(key) ?? ''))).map(([key]) => key)).toEqual([])
  })

  it('leaves no sentence empty', () => {
    expect([...en, ...zh].filter(([, sentence]) => !sentence.trim())).toEqual([])
  })

  it('has every key that the code uses', () => {
    const groups = [...en.keys()]
    const missing = [...keysInCode().asked].filter((key) => !en.has(key) && !groups.some((known) => known.startsWith(`${key}.`)))
    expect(missing).toEqual([])
  })

  it('has no key that the code does not use', () => {
    const { whole, starts } = keysInCode()
    const used = (key: string) => whole.has(key) || key.startsWith('problems.') || [...starts].some((start) => key.startsWith(start))
    expect([...en.keys()].filter((key) => !used(key))).toEqual([])
  })
})
