import { fileURLToPath } from 'node:url'
import type { NuxtUIOptions } from '@nuxt/ui/unplugin'

const src = fileURLToPath(new URL('../src', import.meta.url))

/** Where icons are named; the editor brings its own (scripts/icons.ts), so that the start page does not carry them. */
const scan = { globInclude: [`${src}/**/*.{vue,ts}`], globExclude: [`${src}/features/editor/**`, '**/*.test.ts'] }

/** How the component kit is set up: nothing it needs comes from another host, and a missing icon fails the build. */
export const kit: NuxtUIOptions = {
  icon: { clientBundle: { scan, sizeLimitKb: 512 } },
  experimental: { componentDetection: true },
  autoImport: false,
  components: { dts: 'src/components.d.ts', dirs: [] },
  ui: {
    colors: { primary: 'ember', neutral: 'slate', success: 'emerald', warning: 'amber', error: 'red', info: 'sky' },
    // Dense: icons of the middle size are 16 px.
    button: { variants: { size: { md: { leadingIcon: 'size-4', trailingIcon: 'size-4' } } } },
    input: { variants: { size: { md: { leadingIcon: 'size-4', trailingIcon: 'size-4' } } } },
    modal: { slots: { overlay: 'fixed inset-0 bg-slate-950/50' } },
    skeleton: { base: 'bg-accented/50' },
    select: { variants: { size: { md: { leadingIcon: 'size-4', trailingIcon: 'size-4' } } } },
  },
}
