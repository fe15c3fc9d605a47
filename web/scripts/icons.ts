import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'vite'

interface Collection {
  prefix: string
  icons: Record<string, unknown>
  aliases?: Record<string, { parent: string }>
  width?: number
  height?: number
}

const EDITOR = fileURLToPath(new URL('../src/features/editor', import.meta.url))
const KINDS = fileURLToPath(new URL('../../src/comfytavern/nodes', import.meta.url))
const MODULE = 'virtual:editor-icons'

/** What a pattern finds in the files of a folder. */
function found(folder: string, files: RegExp, pattern: RegExp): string[] {
  if (!existsSync(folder)) return []
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => files.test(path))
  return paths.flatMap((path) => [...readFileSync(join(folder, path), 'utf8').matchAll(pattern)].map(([, name]) => name!))
}

/** Icons of the editor, and those that the built-in kinds of nodes name (they come from the server): one module that only the editor loads. */
export function editorIcons(): Plugin {
  return {
    name: 'comfytavern:editor-icons',
    resolveId: (id) => (id === MODULE ? `\0${MODULE}` : undefined),
    load(id) {
      if (id !== `\0${MODULE}`) return undefined
      const all = createRequire(import.meta.url)('@iconify-json/lucide/icons.json') as Collection
      const names = new Set(['box', 'ghost', ...found(EDITOR, /\.(vue|ts)$/, /i-lucide-([a-z0-9-]+)/g), ...found(KINDS, /\.py$/, /\bicon="([a-z0-9-]+)"/g)])
      const icons: Record<string, unknown> = {}
      for (const name of [...names].sort()) {
        const icon = all.icons[name] ?? all.icons[all.aliases?.[name]?.parent ?? '']
        if (icon) icons[name] = icon
        else this.error(`There is no lucide icon ${name}.`)
      }
      return `export default ${JSON.stringify({ prefix: 'lucide', width: all.width ?? 24, height: all.height ?? 24, icons })}`
    },
  }
}
