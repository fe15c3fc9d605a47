import { createRouter, createWebHistory, type RouteLocationNormalized } from 'vue-router'
import { loadRooms } from '@/lib/i18n'
import { guard } from './guard'

declare module 'vue-router' {
  interface RouteMeta {
    /** Rooms of words (`locales/<tag>/<room>.json`) that the page needs. */
    words?: string[]
    /** Nobody has to be logged in. */
    open?: boolean
    /** Shown without rail and bars. */
    bare?: boolean
    /** The page fills the window and scrolls by itself. */
    full?: boolean
    /** Key of the page's name, for the title and the breadcrumb. */
    title?: string
  }
}

const editor = () => import('@/features/editor/EditorPage.vue')
const editorProps = ({ params }: RouteLocationNormalized) => ({
  project: String(params.project),
  workflow: String(params.workflow),
  path: Array.isArray(params.path) ? params.path : [],
})
const editorMeta = { words: ['editor', 'runs'], full: true, title: 'app.pages.editor' }
const runs = () => import('@/features/runs/RunsPage.vue')
const run = () => import('@/features/runs/RunPage.vue')

export const router = createRouter({
  history: createWebHistory(),
  scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? undefined : { top: 0 }),
  routes: [
    { path: '/setup', name: 'setup', component: () => import('@/features/accounts/SetupPage.vue'), meta: { words: ['accounts'], open: true, bare: true, title: 'app.pages.setup' } },
    { path: '/login', name: 'login', component: () => import('@/features/accounts/LoginPage.vue'), meta: { words: ['accounts'], open: true, bare: true, title: 'app.pages.login' } },
    { path: '/', name: 'home', component: () => import('@/features/projects/HomePage.vue'), meta: { words: ['projects', 'runs'], title: 'app.pages.home' } },
    { path: '/p/:project', name: 'project', component: () => import('@/features/projects/ProjectPage.vue'), props: true, meta: { words: ['projects'], title: 'app.pages.project' } },
    { path: '/p/:project/w/:workflow', name: 'editor', component: editor, props: editorProps, meta: editorMeta },
    { path: '/p/:project/w/:workflow/g/:path+', name: 'editor-group', component: editor, props: editorProps, meta: editorMeta },
    { path: '/p/:project/runs', name: 'project-runs', component: runs, props: true, meta: { words: ['runs'], title: 'app.pages.runs' } },
    { path: '/p/:project/runs/:run', name: 'project-run', component: run, props: true, meta: { words: ['runs'], title: 'app.pages.run' } },
    { path: '/runs', name: 'runs', component: runs, meta: { words: ['runs'], title: 'app.pages.runs' } },
    { path: '/runs/:run', name: 'run', component: run, props: true, meta: { words: ['runs'], title: 'app.pages.run' } },
    { path: '/settings/:section?', name: 'settings', component: () => import('./SettingsPage.vue'), props: true, meta: { words: ['settings', 'accounts', 'models'], title: 'app.pages.settings' } },
    { path: '/status', name: 'status', component: () => import('@/features/operations/StatusPage.vue'), meta: { words: ['operations', 'runs'], title: 'app.pages.status' } },
    { path: '/trash', name: 'trash', component: () => import('@/features/projects/TrashPage.vue'), meta: { words: ['projects'], title: 'app.pages.trash' } },
    { path: '/:lost(.*)*', name: 'lost', component: () => import('./LostPage.vue'), meta: { title: 'app.pages.lost' } },
  ],
})

router.beforeEach(guard)
router.beforeResolve((to) => loadRooms(...(to.meta.words ?? [])))
