import { gzipSync } from 'node:zlib'
import type { Plugin } from 'vite'

/** What a page may load before it can be used: JavaScript (gzip, KiB) by the name of its module; `*` is for every other page. */
export const BUDGET: Record<string, number> = { '*': 220, EditorPage: 350, RunPage: 280 }
/** Styles of the whole app, one file per entry (gzip, KiB). */
export const CSS_BUDGET = 60

export interface Chunk {
  code: string
  /** Chunks it imports statically, by file name. */
  imports: string[]
  /** Module that it was made for, if any. */
  page?: string
  entry?: boolean
}

/** Returns every page whose JavaScript is over its budget, the worst first, with its largest chunks; `sizes` gets the size of each page. */
export function overBudget(chunks: Record<string, Chunk>, budget: Record<string, number> = BUDGET, sizes: Record<string, number> = {}): string[] {
  const kib = Object.fromEntries(Object.entries(chunks).map(([name, chunk]) => [name, gzipSync(chunk.code, { level: 9 }).length / 1024]))
  const start = Object.keys(chunks).filter((name) => chunks[name]!.entry)
  const found: [number, string][] = []
  for (const [name, { page }] of Object.entries(chunks)) {
    if (!page) continue
    const loaded = closure(chunks, [...start, name])
    const total = loaded.reduce((sum, each) => sum + kib[each]!, 0)
    sizes[page] = Math.round(total * 10) / 10
    const most = budget[page] ?? budget['*'] ?? Infinity
    if (total <= most) continue
    const worst = loaded.toSorted((a, b) => kib[b]! - kib[a]!).slice(0, 3).map((each) => `${each} ${kib[each]!.toFixed(1)}`)
    found.push([total - most, `${page} loads ${total.toFixed(1)} KiB of JavaScript, ${most} are allowed. Largest: ${worst.join(', ')}.`])
  }
  return found.sort((a, b) => b[0] - a[0]).map(([, sentence]) => sentence)
}

function closure(chunks: Record<string, Chunk>, names: string[]): string[] {
  const seen = new Set<string>()
  const pending = [...names]
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (seen.has(name) || !chunks[name]) continue
    seen.add(name)
    pending.push(...chunks[name].imports)
  }
  return [...seen]
}

/** Fails a build in which a page, or a style sheet, is over its budget. */
export function budget(): Plugin {
  return {
    name: 'comfytavern:budget',
    apply: 'build',
    generateBundle(_, bundle) {
      const chunks: Record<string, Chunk> = {}
      const over: string[] = []
      for (const [name, output] of Object.entries(bundle)) {
        if (output.type === 'chunk') {
          const page = output.isDynamicEntry ? /([A-Za-z]+Page)\.vue/.exec(output.facadeModuleId ?? '')?.[1] : undefined
          chunks[name] = { code: output.code, imports: output.imports, page, entry: output.isEntry }
        } else if (name.endsWith('.css')) {
          const size = gzipSync(output.source, { level: 9 }).length / 1024
          if (size > CSS_BUDGET) over.push(`${name} has ${size.toFixed(1)} KiB of styles, ${CSS_BUDGET} are allowed.`)
        }
      }
      const sizes: Record<string, number> = {}
      over.push(...overBudget(chunks, BUDGET, sizes))
      if (!Object.keys(sizes).length) over.push('No page was found to measure.')
      if (process.env.COMFYTAVERN_SIZES) console.info(JSON.stringify(sizes))
      if (over.length) this.error(`Over the size budget (scripts/budget.ts):\n${over.join('\n')}`)
    },
  }
}
