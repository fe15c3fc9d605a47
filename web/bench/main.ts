import ui from '@nuxt/ui/vue-plugin'
import { createApp, h } from 'vue'
import { createRouter, createMemoryHistory } from 'vue-router'
import { i18n, loadRooms } from '@/lib/i18n'
import './style.css'

// One page, two canvases over the same graph: ?lib=ours (the product's) or ?lib=bare (Vue Flow as its guide shows it).
const query = new URLSearchParams(location.search)
if (query.has('dark')) document.documentElement.classList.add('dark')
await loadRooms('editor', 'app')
const { default: Page } = query.get('lib') === 'bare' ? await import('./Bare.vue') : await import('./Ours.vue')
const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component: { render: () => h('div') } }] })
createApp(Page).use(router).use(i18n).use(ui).mount('#app')
