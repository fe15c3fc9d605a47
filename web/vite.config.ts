import { fileURLToPath, URL } from 'node:url'
import VueI18n from '@intlify/unplugin-vue-i18n/vite'
import ui from '@nuxt/ui/vite'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'
import { budget } from './scripts/budget.ts'
import { compressed } from './scripts/compressed.ts'
import { editorIcons } from './scripts/icons.ts'
import { kit } from './scripts/kit.ts'
import { mapsBeside } from './scripts/maps.ts'

const server = `http://127.0.0.1:${process.env.PORT_BACKEND ?? 3233}`

export default defineConfig({
  plugins: [
    vue(),
    editorIcons(),
    ui(kit),
    VueI18n({ include: [fileURLToPath(new URL('./src/locales/**', import.meta.url))], runtimeOnly: true, dropMessageCompiler: true, compositionOnly: true, fullInstall: false }),
    budget(),
    mapsBeside(),
    compressed(),
  ],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  define: { __VUE_OPTIONS_API__: false, __VUE_PROD_DEVTOOLS__: false },
  server: {
    port: 5573,
    strictPort: true,
    proxy: {
      '/api': { target: server },
      '/health': { target: server },
      '/ready': { target: server },
      '/version': { target: server },
      '/ws': { target: server, ws: true },
    },
  },
  build: { target: 'es2022', outDir: 'dist', sourcemap: 'hidden', reportCompressedSize: false, chunkSizeWarningLimit: 900 },
})
