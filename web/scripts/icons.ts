import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const NODES = fileURLToPath(new URL('../../src/comfytavern/nodes', import.meta.url))

/** Icons that the built-in kinds of nodes name: they come from the server, so no scan of the web sources finds them. */
export function kindIcons(): string[] {
  if (!existsSync(NODES)) return []
  const files = readdirSync(NODES, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.py'))
  const names = files.flatMap((path) => [...readFileSync(join(NODES, path), 'utf8').matchAll(/\bicon="([a-z0-9-]+)"/g)].map(([, name]) => `lucide:${name}`))
  return [...new Set(names)].sort()
}
