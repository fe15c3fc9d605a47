import { onMounted, onScopeDispose, watch, type Ref } from 'vue'
import type { CanvasContext } from './context'
import type { Light } from './overlay'
import { paintScene } from './painter'
import { currentPaint } from './palette'

const LIGHTS: Record<string, Light> = { queued: 'queued', running: 'running', streaming: 'running', done: 'done', cached: 'done', failed: 'failed', unknown: 'failed', skipped: 'skipped', waiting: 'waiting' }
const DASH_PX_PER_S = 60

/** Keeps the drawn picture in step: at most once a frame, and only when something it shows has changed. */
export function usePicture(context: CanvasContext, canvas: Ref<HTMLCanvasElement | undefined>): { repaint: () => void } {
  const { session, scene, flow } = context
  const still = window.matchMedia('(prefers-reduced-motion: reduce)')
  let frame = 0
  let streaming = new Set<string>()

  const repaint = () => void (frame ||= requestAnimationFrame(paint))

  function paint(now: number): void {
    frame = 0
    if (!canvas.value) return
    paintScene(canvas.value, {
      scene,
      selection: session.selection,
      overlay: context.overlay,
      view: flow.view(),
      paint: currentPaint(),
      mounted: flow.mounted,
      light: (node) => LIGHTS[session.lens.peek(session.runPath(node))?.state ?? ''] ?? null,
      streams: (node, port) => streaming.has(`${node}:${port}`),
      phase: still.matches ? null : (now / 1000) * DASH_PX_PER_S,
    })
    if (streaming.size && !still.matches) repaint()
  }

  /** Which outputs stream now, among the nodes that are shown. */
  function follow(): void {
    streaming = new Set()
    for (const box of scene.list()) {
      const glimpse = session.lens.peek(session.runPath(box.id))
      if (glimpse?.state === 'streaming') for (const port of Object.keys(glimpse.texts)) streaming.add(`${box.id}:${port}`)
    }
    repaint()
  }

  flow.onView(repaint)
  scene.onChange(repaint)
  watch(session.selection.tick, repaint)
  watch(session.lens.tick, follow)
  watch(flow.moving, repaint)
  const theme = new MutationObserver(repaint)
  onMounted(() => {
    theme.observe(document.documentElement, { attributes: true, attributeFilter: ['class'] })
    repaint()
  })
  onScopeDispose(() => {
    theme.disconnect()
    cancelAnimationFrame(frame)
  })
  return { repaint }
}
