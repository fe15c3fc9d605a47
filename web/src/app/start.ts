import ui from '@nuxt/ui/vue-plugin'
import { addAPIProvider } from '@iconify/vue'
import { VueQueryPlugin } from '@tanstack/vue-query'
import { createApp } from 'vue'
import { queries } from '@/api/queries'
import { i18n, loadRooms, localeOfBrowser, setLocale } from '@/lib/i18n'
import { savedLocale } from '@/lib/i18n/saved'
import App from './App.vue'
import { keepMistakes, reportMistakes } from './reports'
import { router } from './router'

/** Builds the app and puts it on the page, in the language last used here. */
export async function start(): Promise<void> {
  keepMistakes()
  // Icons are in the bundle; if one were not, it may be asked of our own server only.
  addAPIProvider('', { resources: [`${location.origin}/api/icons`] })
  await setLocale(savedLocale() ?? localeOfBrowser())
  await loadRooms('app', 'design', 'problems')
  const app = createApp(App)
  reportMistakes(app)
  app.use(router).use(i18n).use(VueQueryPlugin, { queryClient: queries }).use(ui)
  app.mount('#app')
}
