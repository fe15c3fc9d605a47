import { placeNode } from './add'
import type { CanvasContext } from './context'
import { lineAt } from './hit'

/** What a kind dragged from the library is called while it travels. */
export const KIND_TYPE = 'application/x-comfytavern-kind'

/** Take a kind that is dropped onto the canvas; onto a wire it goes between. */
export function dropped(context: CanvasContext, event: DragEvent): void {
  const kind = context.session.kinds.value.get(event.dataTransfer?.getData(KIND_TYPE) ?? '')
  if (!kind) return
  event.preventDefault()
  const { x, y } = context.flow.toFlow(event.clientX, event.clientY)
  const line = event.altKey ? null : lineAt(context.scene, x, y, 16 / context.flow.view().zoom)
  placeNode(context, kind, { at: { x: x - 124, y: y - 17 }, wire: line?.line.id })
  context.host().focus({ preventScroll: true })
}

/** Show that a kind may be dropped here. */
export function draggedOver(event: DragEvent): void {
  if (!event.dataTransfer?.types.includes(KIND_TYPE)) return
  event.preventDefault()
  event.dataTransfer.dropEffect = 'copy'
}
