import { watch } from 'vue'
import type { RouteLocationNormalizedLoaded, Router } from 'vue-router'
import type { Editor } from '../editor'
import { TABS, type Side, type Tab } from './docks'

/** Keeps the address and the editor in step: the group in the path, `?node= &run= &tab=` beside it. Returns what to call when the canvas is there. */
export function useAddress(editor: Editor, path: () => string[], route: RouteLocationNormalizedLoaded, router: Router): () => void {
  const { session, docks } = editor
  const { params } = route
  let settled = false
  if (session.bodyAt(path()) !== null) session.path.value = path()
  const { node, run, tab } = route.query
  if (typeof run === 'string' && run) session.lens.run.value = run
  for (const side of Object.keys(TABS) as Side[]) if (TABS[side].includes(tab as Tab)) docks.show(side, tab as Tab)

  function written() {
    const query = { ...route.query }
    const put = (name: string, value: string | null) => {
      if (value) query[name] = value
      else delete query[name]
    }
    put('node', session.selection.nodes.size === 1 ? session.selection.active : null)
    put('run', session.lens.run.value)
    put('tab', docks.state.right.open && docks.state.right.tab !== 'inspector' ? docks.state.right.tab : null)
    const target = session.path.value.length
      ? { name: 'editor-group', params: { ...params, path: [...session.path.value] }, query }
      : { name: 'editor', params: { project: params.project, workflow: params.workflow }, query }
    return router.resolve(target)
  }
  function write(push: boolean): void {
    if (!settled || route.params.workflow !== params.workflow) return
    const next = written()
    if (next.fullPath === route.fullPath) return
    void (push ? router.push(next) : router.replace(next))
  }
  watch(session.path, () => write(true))
  watch([session.selection.tick, session.lens.run, () => docks.state.right.tab, () => docks.state.right.open], () => write(false))
  watch(path, (way) => {
    if (way.join('/') !== session.path.value.join('/') && session.bodyAt(way) !== null) session.path.value = [...way]
  })

  return () => {
    settled = true
    if (typeof node === 'string' && session.body.nodes.has(node)) editor.goTo(session.bodyId.value, node)
  }
}
