import { shallowRef, type ShallowRef } from 'vue'
import { emptyRun, type NodeView, type RunView } from '@/lib/runs/fold'

/** What a node on the canvas shows of the run. */
export interface Glimpse {
  /** Where the run speaks of it: `refine[2]/judge`. */
  path: string
  node: NodeView
  /** A running node that has sent text is `streaming`. */
  state: string
  /** Streamed text by port. */
  texts: Record<string, string>
  /** Token of the question it asks, when it waits for a person. */
  wait: string | null
}

/** Path without the indices of loop and map frames: the node as it is drawn. */
export function drawnPath(path: string): string {
  return path.replace(/\[[^\]]*\]/g, '')
}

/** Lays a run over the graph: every node's part can be followed alone, so that news of one node touch one node. */
export class RunLens {
  /** Id of the run that is shown; null when none is. */
  readonly run = shallowRef<string | null>(null)
  readonly view = shallowRef<RunView>(emptyRun())
  /** What the run was given, by input id. */
  readonly given = shallowRef<Record<string, unknown>>({})
  /** Grows with every frame of news. */
  readonly tick = shallowRef(0)
  private readonly glimpses = new Map<string, ShallowRef<Glimpse | null>>()
  private ports = new Map<string, Set<string>>()
  private newest = new Map<string, string>()
  private waits = new Map<string, string>()
  private shown: string | null = null

  /** The part of one node, by its path as drawn. */
  of(path: string): ShallowRef<Glimpse | null> {
    let found = this.glimpses.get(path)
    if (!found) this.glimpses.set(path, (found = shallowRef(this.look(path))))
    return found
  }
  /** The same, without following it. */
  peek(path: string): Glimpse | null {
    return this.glimpses.get(path)?.value ?? this.look(path)
  }

  /** Take what is new of the run. */
  take(run: string | null, paths: Iterable<string>, view: RunView): void {
    if (run !== this.shown) this.forget(run)
    const before = this.view.value
    this.view.value = view
    const keys = new Set<string>()
    for (const path of paths) {
      const key = drawnPath(path)
      this.newest.set(key, path)
      keys.add(key)
    }
    if (view.texts !== before.texts) this.indexTexts(view)
    if (view.waits !== before.waits) {
      for (const path of this.waits.keys()) keys.add(drawnPath(path))
      this.waits = new Map([...view.waits].map(([token, wait]) => [wait.path, token]))
      for (const path of this.waits.keys()) keys.add(drawnPath(path))
    }
    for (const key of keys) {
      const glimpse = this.glimpses.get(key)
      if (glimpse) glimpse.value = this.look(key)
    }
    this.tick.value++
  }

  private indexTexts(view: RunView): void {
    for (const key of view.texts.keys()) {
      const at = key.lastIndexOf(':')
      const path = key.slice(0, at)
      const ports = this.ports.get(path)
      if (ports) ports.add(key.slice(at + 1))
      else this.ports.set(path, new Set([key.slice(at + 1)]))
    }
  }

  private forget(run: string | null): void {
    this.shown = run
    this.view.value = emptyRun()
    this.ports = new Map()
    this.newest = new Map()
    this.waits = new Map()
    for (const glimpse of this.glimpses.values()) glimpse.value = null
  }

  private look(key: string): Glimpse | null {
    const path = this.newest.get(key) ?? key
    const view = this.view.value
    const node = view.nodes.get(path)
    const ports = this.ports.get(path)
    if (!node && !ports) return null
    const texts: Record<string, string> = {}
    for (const port of ports ?? []) texts[port] = view.texts.get(`${path}:${port}`)?.text ?? ''
    const state = node?.state === 'running' && ports?.size ? 'streaming' : (node?.state ?? 'running')
    return { path, node: node ?? { state: 'running', ms: null }, state, texts, wait: this.waits.get(path) ?? null }
  }
}
