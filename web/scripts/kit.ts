import { fileURLToPath } from 'node:url'
import type { NuxtUIOptions } from '@nuxt/ui/unplugin'
import { kindIcons } from './icons'

/** Sources in which icons are named; the scan starts at the root of whichever page is built. */
const SOURCES = [fileURLToPath(new URL('../src', import.meta.url)) + '/**/*.{vue,ts}']

/** How the component kit is set up: nothing it needs comes from another host, and a missing icon fails the build. */
export const kit: NuxtUIOptions = {
  icon: { clientBundle: { scan: { globInclude: SOURCES }, icons: [...kindIcons(), 'lucide:box', 'lucide:ghost'], sizeLimitKb: 512 } },
  experimental: { componentDetection: true },
  autoImport: false,
  components: { dts: 'src/components.d.ts', dirs: [] },
  ui: {
    colors: { primary: 'ember', neutral: 'slate', success: 'emerald', warning: 'amber', error: 'red', info: 'sky' },
  },
}
