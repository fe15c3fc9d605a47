import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import type { Plugin } from 'vite'

/** Moves source maps out of the folder that is served, into `<folder>-maps` beside it. */
export function mapsBeside(): Plugin {
  let folder = ''
  return {
    name: 'comfytavern:maps',
    apply: 'build',
    configResolved: (config) => void (folder = resolve(config.root, config.build.outDir)),
    closeBundle: {
      order: 'pre',
      sequential: true,
      handler: async () => {
        const beside = `${folder}-maps`
        await rm(beside, { recursive: true, force: true })
        const entries = await readdir(folder, { recursive: true, withFileTypes: true })
        for (const entry of entries.filter((each) => each.isFile() && each.name.endsWith('.map'))) {
          const from = join(entry.parentPath, entry.name)
          const to = join(beside, relative(folder, from))
          await mkdir(dirname(to), { recursive: true })
          await rename(from, to)
        }
      },
    },
  }
}
