import { fileURLToPath, URL } from 'node:url'
import VueI18n from '@intlify/unplugin-vue-i18n/vite'
import ui from '@nuxt/ui/vite'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'
import { editorIcons } from '../scripts/icons'
import { kit } from '../scripts/kit'

/** Builds the benchmark page into node_modules/.bench; it is never part of the product. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [
    vue(),
    editorIcons(),
    ui({ ...kit, components: { ...kit.components, dts: false } }),
    VueI18n({ include: [fileURLToPath(new URL('../src/locales/**', import.meta.url))], runtimeOnly: true, dropMessageCompiler: true, compositionOnly: true, fullInstall: false }),
  ],
  resolve: { alias: { '@': fileURLToPath(new URL('../src', import.meta.url)) } },
  define: { __VUE_OPTIONS_API__: true, __VUE_PROD_DEVTOOLS__: false },
  build: { target: 'es2022', outDir: fileURLToPath(new URL('../node_modules/.bench', import.meta.url)), emptyOutDir: true, reportCompressedSize: false, chunkSizeWarningLimit: 2000 },
})
