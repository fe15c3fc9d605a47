import { ref, shallowReadonly, type Ref } from 'vue'
import type { RunEvent } from '@/lib/runs/events'
import { ApiFailure, type Problem } from './problem'
import type { RunRequest, RunStarted, RunSummary } from './types'

/** `open`: in step with the server. `waiting`: cut off, tries again by itself. `idle`: nobody has asked for it yet. */
export type Connection = 'idle' | 'connecting' | 'open' | 'waiting'

/** What the server sends. */
export type Message =
  | { type: 'hello'; version: string; user: unknown }
  | { type: 'started'; ref: unknown; run: RunStarted }
  | { type: 'events'; run: string; events: RunEvent[] }
  | { type: 'error'; ref?: unknown; problem: Problem }
  | { type: 'pong' }
  | { type: 'runs'; run: RunSummary }
  | { type: 'drain'; retry_ms: number }

interface Watch {
  run: string
  after: () => number
  onEvents: (events: RunEvent[]) => void
  onBack?: () => void
}

export interface Socket {
  state: Readonly<Ref<Connection>>
  /** The server said that it restarts; it is expected back by itself. */
  draining: Readonly<Ref<boolean>>
  open(): void
  close(): void
  /** Follows a run from the event after `after()`; asked again after every reconnect. Returns the way to stop. */
  watch(watch: Watch): () => void
  start(request: RunRequest): Promise<RunStarted>
  /** Calls `listener` whenever any run of this person changes state. Returns the way to stop. */
  onRun(listener: (run: RunSummary) => void): () => void
}

const DELAY_MS = { first: 500, most: 15_000 }
const SILENCE_MS = 45_000
const PING_MS = 20_000

/** How long to wait before the next attempt: exponential, with full jitter, so that a restart is not followed by a stampede. */
export function delay(attempt: number, random: () => number = Math.random): number {
  return Math.round((0.3 + 0.7 * random()) * Math.min(DELAY_MS.most, DELAY_MS.first * 2 ** attempt))
}

/** Makes a connection that mends itself. `connect` opens one WebSocket. */
export function makeSocket(connect: () => WebSocket): Socket {
  const state = ref<Connection>('idle')
  const draining = ref(false)
  const watches = new Set<Watch>()
  const listeners = new Set<(run: RunSummary) => void>()
  const starts = new Map<string, { resolve: (run: RunStarted) => void; reject: (error: unknown) => void }>()
  let current: WebSocket | null = null
  let attempt = 0
  let retryMs: number | null = null
  let retry: ReturnType<typeof setTimeout> | undefined
  let pulse: ReturnType<typeof setInterval> | undefined
  let heardAt = 0
  let refs = 0

  const send = (message: object) => current?.readyState === 1 && current.send(JSON.stringify(message))
  const follow = (watch: Watch) => send({ type: 'watch', run: watch.run, after: watch.after() })

  function open(): void {
    if (current) return
    clearTimeout(retry)
    state.value = 'connecting'
    const socket = (current = connect())
    heardAt = Date.now()
    socket.onmessage = ({ data }) => receive(JSON.parse(String(data)) as Message)
    socket.onclose = () => current === socket && lost()
    pulse = setInterval(() => (Date.now() - heardAt > SILENCE_MS ? socket.close() : send({ type: 'ping' })), PING_MS)
  }

  function lost(): void {
    current = null
    clearInterval(pulse)
    starts.forEach(({ reject }) => reject(new ApiFailure({ code: 'client.cut_off', title: 'The connection was cut', status: 0 })))
    starts.clear()
    state.value = 'waiting'
    retry = setTimeout(open, retryMs ?? delay(attempt++))
    retryMs = null
  }

  function receive(message: Message): void {
    heardAt = Date.now()
    switch (message.type) {
      case 'hello': return greeted()
      case 'events': return watches.forEach((watch) => watch.run === message.run && watch.onEvents(message.events))
      case 'runs': return listeners.forEach((listener) => listener(message.run))
      case 'started': return settle(message.ref, ({ resolve }) => resolve(message.run))
      case 'error': return settle(message.ref, ({ reject }) => reject(new ApiFailure(message.problem)))
      case 'drain':
        draining.value = true
        retryMs = message.retry_ms
        return
      case 'pong':
    }
  }

  function greeted(): void {
    const back = attempt > 0 || draining.value
    attempt = 0
    draining.value = false
    state.value = 'open'
    watches.forEach((watch) => {
      if (back) watch.onBack?.()
      follow(watch)
    })
  }

  function settle(ref: unknown, how: (promise: { resolve: (run: RunStarted) => void; reject: (error: unknown) => void }) => void): void {
    const promise = starts.get(String(ref))
    starts.delete(String(ref))
    if (promise) how(promise)
  }

  return {
    state: shallowReadonly(state),
    draining: shallowReadonly(draining),
    open,
    close() {
      const socket = current
      current = null
      clearTimeout(retry)
      clearInterval(pulse)
      state.value = 'idle'
      socket?.close()
    },
    watch(watch) {
      watches.add(watch)
      if (state.value === 'open') follow(watch)
      else open()
      return () => {
        watches.delete(watch)
        if (![...watches].some(({ run }) => run === watch.run)) send({ type: 'unwatch', run: watch.run })
      }
    },
    start(request) {
      return new Promise((resolve, reject) => {
        const key = `start-${++refs}`
        starts.set(key, { resolve, reject })
        if (send({ type: 'start', ref: key, ...request }) === false) {
          starts.delete(key)
          reject(new ApiFailure({ code: 'client.cut_off', title: 'The connection was cut', status: 0 }))
        }
      })
    },
    onRun(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** The one connection of this tab. */
export const socket = makeSocket(() => new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`))

if (typeof window !== 'undefined') {
  const hurry = () => socket.state.value === 'waiting' && socket.open()
  window.addEventListener('online', hurry)
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && hurry())
}
