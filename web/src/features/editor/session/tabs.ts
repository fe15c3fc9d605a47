import { shallowReactive, shallowRef } from 'vue'
import { getKinds, validateGraph } from '@/api/kinds'
import type { GraphJson } from '@/api/types'
import { getWorkflow, saveWorkflow } from '@/api/workflows'
import type { GraphDoc, Interface, Problem } from '@/lib/graph/document'
import type { Kind, Kinds } from '@/lib/graph/kinds'
import { keepBeforeLeaving } from '@/lib/keep'
import { Saver, type Keeper } from './saver'
import { EditorSession } from './session'

/** A workflow that is open in this tab of the browser. */
export interface OpenWorkflow {
  id: string
  project: string
  name: ReturnType<typeof shallowRef<string>>
  session: EditorSession
  saver: Saver
  /** Names this editor to the server: what it ran is reused by its next runs. */
  key: string
}

/** Every open workflow; undo and unsaved edits survive a change of tab. */
export const openWorkflows = shallowReactive(new Map<string, OpenWorkflow>())
keepBeforeLeaving(async () => (await Promise.all([...openWorkflows.values()].map(({ saver }) => !saver.dirty.value || saver.flush()))).every(Boolean))
const opening = new Map<string, Promise<OpenWorkflow>>()
const VALIDATE_MS = 600

async function loadKinds(): Promise<Kinds> {
  const { kinds } = await getKinds()
  return new Map((kinds as unknown as Kind[]).map((kind) => [kind.id, kind]))
}

/** Open a workflow, or come back to it. */
export function openWorkflow(id: string): Promise<OpenWorkflow> {
  const known = openWorkflows.get(id)
  if (known) return Promise.resolve(known)
  let promise = opening.get(id)
  if (!promise) {
    promise = open(id).finally(() => opening.delete(id))
    opening.set(id, promise)
  }
  return promise
}

async function open(id: string): Promise<OpenWorkflow> {
  const [workflow, kinds] = await Promise.all([getWorkflow(id), loadKinds()])
  const session = new EditorSession(id, workflow.graph as GraphDoc, kinds)
  const keeper: Keeper = {
    save: ({ graph, ...rest }) => saveWorkflow(id, { graph: graph as GraphJson, ...rest }),
    load: async () => {
      const { version, graph, name } = await getWorkflow(id)
      return { version, graph: graph as GraphDoc, name }
    },
  }
  const opened: OpenWorkflow = { id, project: workflow.project_id, name: shallowRef(workflow.name), session, saver: new Saver(session, keeper, workflow.version), key: sessionKey(id) }
  openWorkflows.set(id, opened)
  followProblems(session)
  followLibrary(session)
  return opened
}

/** Close a workflow; what is not saved yet is saved first. False when it cannot be saved. */
export async function closeWorkflow(id: string): Promise<boolean> {
  const opened = openWorkflows.get(id)
  if (!opened) return true
  if (opened.saver.dirty.value && !(await opened.saver.flush())) return false
  openWorkflows.delete(id)
  return true
}

/** A key that stays the same when the page is loaded again, and differs between tabs. */
function sessionKey(id: string): string {
  const name = `comfytavern.session.${id}`
  const known = sessionStorage.getItem(name)
  if (known) return known
  const fresh = Array.from(crypto.getRandomValues(new Uint8Array(9)), (byte) => byte.toString(36)).join('')
  sessionStorage.setItem(name, fresh)
  return fresh
}

/** Ask the server what is wrong, a moment after each edit; answers that come late are dropped. */
function followProblems(session: EditorSession): void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const ask = async () => {
    const { version } = session.graph
    try {
      const problems = await validateGraph(session.graph.toDoc() as GraphJson)
      if (session.graph.version === version) session.problems.value = problems as Problem[]
    } catch {
      // The server cannot say now; the next edit asks again.
    }
  }
  session.onChange(() => {
    clearTimeout(timer)
    timer = setTimeout(() => void ask(), VALIDATE_MS)
  })
  void ask()
}

/** Fetch the interfaces of the library groups that nodes use. */
function followLibrary(session: EditorSession): void {
  const known = new Map<string, Interface | null>()
  const look = () => {
    for (const body of session.graph.bodies.values())
      for (const node of body.nodes.values()) {
        const workflow = node.values?.workflow
        if (typeof workflow !== 'string' || !workflow || known.has(workflow) || !session.kinds.value.get(node.kind)?.control) continue
        known.set(workflow, null)
        void getWorkflow(workflow).then(
          ({ graph }) => {
            known.set(workflow, (graph as GraphDoc).interface ?? {})
            session.library.value = (id) => known.get(id) ?? undefined
          },
          () => known.delete(workflow),
        )
      }
  }
  session.onChange(look)
  look()
}
