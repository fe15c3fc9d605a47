import { computed, shallowRef, triggerRef, type ShallowRef } from 'vue'
import type { GraphDoc, Problem } from '@/lib/graph/document'
import { Draft, type Change } from '@/lib/graph/edit'
import type { Kinds } from '@/lib/graph/kinds'
import { Graph, type Body } from '@/lib/graph/model'
import type { Library, World } from '@/lib/graph/ports'
import { RunLens } from '../run/lens'
import { History, type Step } from './history'
import { Selection } from './selection'

export interface View {
  x: number
  y: number
  zoom: number
}

type Listener = (changes: readonly Change[] | null) => void

/** One open workflow: the document, its history, what is selected and where one looks. It outlives the page that shows it. */
export class EditorSession {
  graph: Graph
  readonly kinds: ShallowRef<Kinds>
  readonly history = new History()
  readonly selection = new Selection()
  /** Ids of the nodes entered, outermost first: the breadcrumb. */
  readonly path = shallowRef<readonly string[]>([])
  /** Grows with every change of the document; read it to follow. */
  readonly tick = shallowRef(0)
  /** Where one looked last, by body. */
  readonly views = new Map<string, View>()
  /** The field being edited on a node. */
  readonly editing = shallowRef<{ node: string; port: string } | null>(null)
  /** The field the inspector shall bring forward. */
  readonly wanted = shallowRef<{ node: string; port: string } | null>(null)
  /** What the server finds wrong with the document as it is. */
  readonly problems = shallowRef<readonly Problem[]>([])
  /** The run laid over the graph. */
  readonly lens = new RunLens()
  readonly library = shallowRef<Library>(() => undefined)
  private readonly listeners = new Set<Listener>()

  constructor(
    readonly id: string,
    doc: GraphDoc,
    kinds: Kinds,
  ) {
    this.graph = new Graph(doc)
    this.kinds = shallowRef(kinds)
  }

  get world(): World {
    return { graph: this.graph, kinds: this.kinds.value, library: this.library.value }
  }

  /** The body that is shown now. */
  readonly bodyId = computed(() => {
    void this.tick.value
    return this.bodyAt(this.path.value) ?? ''
  })
  get body(): Body {
    return this.graph.body(this.bodyId.value) ?? this.graph.root
  }

  /** Id of the body one comes to through these nodes; null when there is no such way. */
  bodyAt(path: readonly string[]): string | null {
    let id = ''
    for (const node of path) {
      const group = this.graph.body(id)?.nodes.get(node)?.values?.group
      if (typeof group !== 'string' || !this.graph.body(group)) return null
      id = group
    }
    return id
  }

  /** Problems of a node of the body that is shown. */
  problemsOf(node: string): readonly Problem[] {
    const body = this.bodyId.value
    return this.problems.value.filter(({ place }) => place?.node === node && (place.graph ?? '') === body)
  }
  /** The way to a body from the document itself, or null when nobody uses it. */
  wayTo(body: string, seen: ReadonlySet<string> = new Set()): string[] | null {
    if (!body) return []
    for (const [id, other] of this.graph.bodies) {
      if (seen.has(id)) continue
      for (const node of other.nodes.values()) {
        if (node.values?.group !== body) continue
        const way = this.wayTo(id, new Set([...seen, body]))
        if (way) return [...way, node.id]
      }
    }
    return null
  }

  /** Where a run speaks of a node of the body that is shown. */
  runPath(node: string): string {
    return [...this.path.value, node].join('/')
  }

  /** Call `listener` with the changes of every step; with null when everything may be different. */
  onChange(listener: Listener): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** Make one undoable step on the body that is shown. Nothing is noted when nothing changed. */
  edit<T>(label: string, make: (draft: Draft) => T, options: { params?: Step['params']; key?: string } = {}): T {
    const draft = new Draft(this.graph, this.bodyId.value)
    const result = make(draft)
    if (draft.changes.length) {
      const body = this.bodyId.value
      this.history.push({ label, params: options.params ?? {}, body, at: Date.now(), changes: draft.changes, key: options.key ?? null })
      this.changed(draft.changes)
    }
    return result
  }

  undo(): Step | null {
    return this.travel(this.history.undo(this.graph))
  }
  redo(): Step | null {
    return this.travel(this.history.redo(this.graph))
  }
  /** Go to the state in which `count` steps are done. */
  travelTo(count: number): void {
    while (this.history.done.length > count && this.undo());
    while (this.history.done.length < count && this.redo());
  }
  /** The field was left: what is typed next is a step of its own. */
  seal(): void {
    this.history.seal()
  }

  private travel(made: { step: Step; changes: Change[] } | null): Step | null {
    if (!made) return null
    this.editing.value = null
    this.changed(made.changes)
    return made.step
  }

  /** Take another document, for instance theirs after a conflict. */
  replace(doc: GraphDoc): void {
    this.graph = new Graph(doc)
    this.history.clear()
    this.path.value = []
    this.selection.clear()
    this.changed(null)
  }

  private changed(changes: readonly Change[] | null): void {
    this.tick.value++
    triggerRef(this.tick)
    if (this.bodyAt(this.path.value) === null) this.path.value = []
    const body = this.body
    this.selection.keep('nodes', (id) => body.nodes.has(id))
    this.selection.keep('wires', (id) => body.wires.has(id))
    this.selection.keep('frames', (id) => body.frames.has(id))
    for (const listener of this.listeners) listener(changes)
    this.selection.changed()
  }
}
