import { ref, shallowReadonly, type Ref } from 'vue'
import type { RunEvent } from '@/lib/runs/events'
import { ApiFailure, type Problem } from './problem'
import { answeredBy } from './release'
import type { RunRequest, RunStarted, RunSummary } from './types'

/** `open`: in step with the server. `waiting`: cut off, tries again by itself. `idle`: nobody has asked for it yet. */
export type Connection = 'idle' | 'connecting' | 'open' | 'waiting'

/** What the server sends. */
export type Message =
  | { type: 'hello'; version: string; release?: string; user: unknown }
  | { type: 'started'; ref: unknown; run: RunStarted }
  | { type: 'events'; run: string; events: RunEvent[] }
  | { type: 'error'; ref?: unknown; problem: Problem }
  | { type: 'pong' }
  | { type: 'runs'; run: RunSummary }
  | { type: 'drain'; retry_ms: number; resume?: Record<string, number> }

interface Watch {
  run: string
  after: () => number
  onEvents: (events: RunEvent[]) => void
  /** What was seen may be lost after a reconnect, and is when the server says `run.rewound`: read the run again. */
  onBack?: () => void | Promise<void>
}

export interface Socket {
  state: Readonly<Ref<Connection>>
  /** The server asked us to go to its successor, and we are on the way; until we are there it serves us. */
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

/** What a server that was asked to start something has still to say, before its line is closed. */
const LAST_WORDS_MS = 10_000
const REWIND_MS = 200
const cutOff = () => new ApiFailure({ code: 'client.cut_off', title: 'The connection was cut', status: 0 })

interface Start {
  line: WebSocket
  resolve: (run: RunStarted) => void
  reject: (error: unknown) => void
}

/**
 * Makes a connection that mends itself. `connect` opens one WebSocket. When the server asks us to move, the new line is opened
 * first; what was asked on the old one is answered there, so that nothing is asked twice and nothing is lost.
 */
export function makeSocket(connect: () => WebSocket): Socket {
  const state = ref<Connection>('idle')
  const draining = ref(false)
  const watches = new Set<Watch>()
  const listeners = new Set<(run: RunSummary) => void>()
  const starts = new Map<string, Start>()
  let current: WebSocket | null = null
  let next: WebSocket | null = null
  let attempt = 0
  let missed = false
  let planned = false
  let retry: ReturnType<typeof setTimeout> | undefined
  let pulse: ReturnType<typeof setInterval> | undefined
  let heardAt = 0
  let refs = 0

  const send = (message: object) => current?.readyState === 1 && current.send(JSON.stringify(message))
  const follow = (watch: Watch) => send({ type: 'watch', run: watch.run, after: watch.after() })

  function open(): void {
    if (next || (current && !draining.value)) return
    clearTimeout(retry)
    planned = false
    if (!current) state.value = 'connecting'
    const line = (next = connect())
    setTimeout(() => line === next && line.close(), SILENCE_MS)
    line.onmessage = ({ data }) => receive(line, JSON.parse(String(data)) as Message)
    line.onclose = () => closed(line)
  }

  function closed(line: WebSocket): void {
    for (const [key, start] of starts) if (start.line === line && starts.delete(key)) start.reject(cutOff())
    if (line === next) next = null
    else if (line === current) {
      current = null
      missed = true
      clearInterval(pulse)
    } else return
    if (next) state.value = 'connecting'
    else if (planned) state.value = 'waiting'
    else again()
  }

  function again(): void {
    if (!current) state.value = 'waiting'
    clearTimeout(retry)
    retry = setTimeout(open, delay(attempt++))
  }

  function receive(line: WebSocket, message: Message): void {
    if (message.type === 'started') return settle(message.ref, ({ resolve }) => resolve(message.run))
    if (message.type === 'error') return refused(message)
    if (line === next && message.type === 'hello') arrive(line, message.release)
    if (line !== current) return
    heardAt = Date.now()
    switch (message.type) {
      case 'events': return watches.forEach((watch) => watch.run === message.run && watch.onEvents(message.events))
      case 'runs': return listeners.forEach((listener) => listener(message.run))
      case 'drain': return move(message.retry_ms)
      case 'hello':
      case 'pong':
    }
  }

  function arrive(line: WebSocket, release = ''): void {
    const old = current
    current = line
    next = null
    attempt = 0
    draining.value = false
    state.value = 'open'
    heardAt = Date.now()
    clearTimeout(retry)
    clearInterval(pulse)
    pulse = setInterval(() => (Date.now() - heardAt > SILENCE_MS ? line.close() : send({ type: 'ping' })), PING_MS)
    answeredBy(release)
    watches.forEach((watch) => {
      if (missed) watch.onBack?.()
      follow(watch)
    })
    missed = false
    if (old) leave(old)
  }

  function move(retryMs: number): void {
    draining.value = planned = true
    clearTimeout(retry)
    retry = setTimeout(open, retryMs)
  }

  /** Closes a line that we have left, as soon as everything that was asked on it is answered. */
  function leave(line: WebSocket, until = Date.now() + LAST_WORDS_MS): void {
    if (Date.now() < until && [...starts.values()].some((start) => start.line === line)) setTimeout(() => leave(line, until), 50)
    else line.close()
  }

  function refused({ ref, problem }: { ref?: unknown; problem: Problem }): void {
    if (problem.code === 'run.rewound') watches.forEach((watch) => watch.run === problem.params?.id && void rewind(watch))
    settle(ref, ({ reject }) => reject(new ApiFailure(problem)))
  }

  /** Follows a run again, from what is left of it. */
  async function rewind(watch: Watch): Promise<void> {
    await watch.onBack?.()
    setTimeout(() => watches.has(watch) && follow(watch), REWIND_MS)
  }

  function settle(ref: unknown, how: (start: Start) => void): void {
    const start = starts.get(String(ref))
    starts.delete(String(ref))
    if (start) how(start)
  }

  return {
    state: shallowReadonly(state),
    draining: shallowReadonly(draining),
    open,
    close() {
      const lines = [current, next]
      current = next = null
      missed = planned = draining.value = false
      clearTimeout(retry)
      clearInterval(pulse)
      state.value = 'idle'
      lines.forEach((line) => line?.close())
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
        if (!current || send({ type: 'start', ref: key, ...request }) === false) return reject(cutOff())
        starts.set(key, { line: current, resolve, reject })
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
