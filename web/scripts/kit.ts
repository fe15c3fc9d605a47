import type { NuxtUIOptions } from '@nuxt/ui/unplugin'

/** How the component kit is set up: nothing it needs comes from another host, and a missing icon fails the build. */
export const kit: NuxtUIOptions = {
  icon: { clientBundle: { scan: true, sizeLimitKb: 512 } },
  experimental: { componentDetection: true },
  autoImport: false,
  components: { dts: 'src/components.d.ts', dirs: [] },
  ui: {
    colors: { primary: 'ember', neutral: 'slate', success: 'emerald', warning: 'amber', error: 'red', info: 'sky' },
  },
}
