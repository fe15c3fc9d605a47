import { computed, shallowRef } from 'vue'
import { problemOf, type Problem } from '@/api/problem'
import type { GraphDoc } from '@/lib/graph/document'
import type { EditorSession } from './session'

/** How a document is kept on the server. */
export interface Keeper {
  save(save: { graph: GraphDoc; base_version: number; note?: string }): Promise<{ version: number }>
  load(): Promise<{ version: number; graph: GraphDoc; name: string }>
}

const QUIET_MS = 1200
const LONGEST_MS = 10_000
const RETRY_MS = 5000

export type SaveState = 'saved' | 'dirty' | 'saving' | 'conflict' | 'failed'

/** Saves by itself a moment after the last edit, never over a version it has not seen. */
export class Saver {
  readonly version = shallowRef(0)
  readonly problem = shallowRef<Problem | null>(null)
  private readonly busy = shallowRef(false)
  private readonly savedMark = shallowRef(0)
  private timer: ReturnType<typeof setTimeout> | undefined
  private since = 0
  private running: Promise<boolean> | null = null

  /** True to the document: undoing back to what is saved is not dirty. */
  readonly dirty = computed(() => {
    void this.session.tick.value
    return this.session.history.mark !== this.savedMark.value
  })
  readonly state = computed<SaveState>(() => {
    if (this.problem.value?.code === 'workflow.conflict') return 'conflict'
    if (this.busy.value) return 'saving'
    if (this.problem.value) return 'failed'
    return this.dirty.value ? 'dirty' : 'saved'
  })

  constructor(
    private readonly session: EditorSession,
    private readonly keeper: Keeper,
    version: number,
  ) {
    this.version.value = version
    session.onChange(() => this.later())
  }

  private later(delay = QUIET_MS): void {
    clearTimeout(this.timer)
    if (!this.dirty.value || this.state.value === 'conflict') return
    this.since ||= Date.now()
    this.timer = setTimeout(() => void this.flush(), Math.max(0, Math.min(delay, this.since + LONGEST_MS - Date.now())))
  }

  /** Save now, if there is something to save. Resolves to whether all is saved. */
  async flush(note?: string): Promise<boolean> {
    clearTimeout(this.timer)
    if (this.running) await this.running
    if (!this.dirty.value && !note) return this.problem.value === null
    if (this.state.value === 'conflict') return false
    this.running = this.save(this.version.value, note)
    const done = await this.running
    this.running = null
    if (done && this.dirty.value) this.later()
    return done
  }

  private async save(base_version: number, note?: string): Promise<boolean> {
    const { mark } = this.session.history
    this.busy.value = true
    try {
      const saved = await this.keeper.save({ graph: this.session.graph.toDoc(), base_version, note })
      this.version.value = saved.version
      this.savedMark.value = mark
      this.problem.value = null
      this.since = 0
      return true
    } catch (error) {
      this.problem.value = problemOf(error)
      if (this.problem.value.code !== 'workflow.conflict') this.later(RETRY_MS)
      this.since = Date.now()
      return false
    } finally {
      this.busy.value = false
    }
  }

  /** After a conflict: take what is on the server. */
  async takeTheirs(): Promise<void> {
    const theirs = await this.keeper.load()
    this.session.replace(theirs.graph)
    this.settled(theirs.version)
  }
  /** After a conflict: save mine as the newest version; theirs stays among the versions. */
  async keepMine(): Promise<void> {
    const theirs = await this.keeper.load()
    this.problem.value = null
    await this.save(theirs.version)
  }
  /** The document is what the server has as this version. */
  settled(version: number): void {
    clearTimeout(this.timer)
    this.version.value = version
    this.savedMark.value = this.session.history.mark
    this.problem.value = null
    this.since = 0
  }
}
