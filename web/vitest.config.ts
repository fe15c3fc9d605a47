import { fileURLToPath, URL } from 'node:url'
import VueI18n from '@intlify/unplugin-vue-i18n/vite'
import ui from '@nuxt/ui/vite'
import vue from '@vitejs/plugin-vue'
import { playwright } from '@vitest/browser-playwright'
import { defineConfig } from 'vitest/config'
import { editorIcons } from './scripts/icons.ts'
import { kit } from './scripts/kit.ts'

const chromium = {
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
}

export default defineConfig({
  plugins: [
    vue(),
    editorIcons(),
    ui({ ...kit, components: { ...kit.components, dts: false } }),
    VueI18n({ include: [fileURLToPath(new URL('./src/locales/**', import.meta.url))], compositionOnly: true }),
  ],
  // Found before the first test starts: a dependency found later would load the page of a running test anew.
  optimizeDeps: { include: ['vue', 'vue-router', 'vue-i18n', '@iconify/vue', '@tanstack/vue-query', '@vue-flow/core', '@vueuse/core', 'openapi-fetch', 'elkjs/lib/elk-api.js', 'marked', 'dompurify', '@nuxt/ui > reka-ui', '@nuxt/ui > tailwind-variants', '@nuxt/ui > defu', '@nuxt/ui > scule', '@nuxt/ui > ohash/utils'] },
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  test: {
    projects: [
      { extends: true, test: { name: 'unit', environment: 'happy-dom', include: ['src/**/*.test.ts', 'scripts/*.test.ts'], exclude: ['src/**/*.browser.test.ts'] } },
      {
        extends: true,
        test: {
          name: 'browser',
          include: ['src/**/*.browser.test.ts'],
          browser: { enabled: true, headless: true, screenshotFailures: false, instances: [{ browser: 'chromium' }], provider: playwright({ launchOptions: chromium }) },
        },
      },
    ],
  },
})
