import { apply, compact, inverse, type Change } from '@/lib/graph/edit'
import type { Graph } from '@/lib/graph/model'

/** One undoable step. `label` is a key under `editor.history`, worded with `params`. */
export interface Step {
  label: string
  params: Record<string, string | number>
  body: string
  at: number
  changes: Change[]
  /** Steps with the same key that follow each other closely are one step. */
  key: string | null
  /** Names the state of the document after this step; two equal marks are the same document. */
  mark: number
}

const STEPS_MAX = 500
const TYPING_MS = 800

/** The undo stack of one document. */
export class History {
  readonly done: Step[] = []
  readonly undone: Step[] = []
  private marks = 0
  private base = 0
  private open = false

  /** The mark of the document as it is now. */
  get mark(): number {
    return this.done.at(-1)?.mark ?? this.base
  }

  /** Note a step that was just made. Typing into the same field goes on with the last step. */
  push(step: Omit<Step, 'mark'>): void {
    const last = this.done.at(-1)
    const mark = ++this.marks
    this.undone.length = 0
    if (last && this.open && step.key !== null && last.key === step.key && step.at - last.at < TYPING_MS) {
      last.changes = compact([...last.changes, ...step.changes])
      last.at = step.at
      last.mark = mark
    } else {
      this.done.push({ ...step, changes: compact(step.changes), mark })
      if (this.done.length > STEPS_MAX) this.base = this.done.shift()!.mark
    }
    this.open = true
  }

  /** Forget all steps: another document is here now. */
  clear(): void {
    this.done.length = 0
    this.undone.length = 0
    this.base = ++this.marks
    this.open = false
  }

  /** End the grouping of typing: the field was left. */
  seal(): void {
    this.open = false
  }

  undo(graph: Graph): { step: Step; changes: Change[] } | null {
    const step = this.done.pop()
    if (!step) return null
    const changes = inverse(step.changes)
    apply(graph, changes)
    this.undone.push(step)
    this.open = false
    return { step, changes }
  }

  redo(graph: Graph): { step: Step; changes: Change[] } | null {
    const step = this.undone.pop()
    if (!step) return null
    apply(graph, step.changes)
    this.done.push(step)
    this.open = false
    return { step, changes: step.changes }
  }
}
