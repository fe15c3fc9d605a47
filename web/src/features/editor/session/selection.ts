import { shallowRef, triggerRef } from 'vue'

export type Part = 'nodes' | 'wires' | 'frames'

/** What is selected on the canvas, and the node that the keyboard stands on. */
export class Selection {
  readonly nodes = new Set<string>()
  readonly wires = new Set<string>()
  readonly frames = new Set<string>()
  active: string | null = null
  /** Read it to follow changes. */
  readonly tick = shallowRef(0)

  get size(): number {
    return this.nodes.size + this.wires.size + this.frames.size
  }
  has(part: Part, id: string): boolean {
    return this[part].has(id)
  }

  /** Select exactly these. */
  set(next: Partial<Record<Part, Iterable<string>>>, active?: string | null): void {
    for (const part of ['nodes', 'wires', 'frames'] as const) {
      this[part].clear()
      for (const id of next[part] ?? []) this[part].add(id)
    }
    this.active = active !== undefined ? active : ([...this.nodes].at(-1) ?? null)
    this.changed()
  }
  add(part: Part, ids: Iterable<string>): void {
    for (const id of ids) this[part].add(id)
    if (part === 'nodes') this.active = [...this.nodes].at(-1) ?? this.active
    this.changed()
  }
  toggle(part: Part, id: string): void {
    if (!this[part].delete(id)) this[part].add(id)
    if (part === 'nodes') this.active = this.nodes.has(id) ? id : ([...this.nodes].at(-1) ?? null)
    this.changed()
  }
  clear(): void {
    if (this.size || this.active) this.set({})
  }
  /** Forget what is no longer there. */
  keep(part: Part, exists: (id: string) => boolean): void {
    for (const id of [...this[part]]) if (!exists(id)) this[part].delete(id)
    if (part === 'nodes' && this.active && !exists(this.active)) this.active = [...this.nodes].at(-1) ?? null
  }
  changed(): void {
    this.tick.value++
    triggerRef(this.tick)
  }
}
