/** What the benchmark drives: a few verbs that both canvases have. */
export interface Probe {
  setView(x: number, y: number, zoom: number): void
  fit(): void
  mounted(): number
}

declare global {
  interface Window {
    probe?: Probe
    readyAt?: number
    recorder: { start(): void; stop(): number[] }
  }
}

/** Say that the page can be used: two frames after it says so itself, and after the last long task. */
export function ready(probe: Probe): void {
  requestAnimationFrame(() =>
    requestAnimationFrame(() => {
      window.probe = probe
      window.readyAt = performance.now()
    }),
  )
}

let times: number[] = []
let on = false
window.recorder = {
  start() {
    times = []
    on = true
    const tick = (now: number) => {
      if (!on) return
      times.push(now)
      requestAnimationFrame(tick)
    }
    requestAnimationFrame(tick)
  },
  stop() {
    on = false
    return times
  },
}
