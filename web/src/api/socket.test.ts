import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiFailure } from './problem'
import { delay, makeSocket } from './socket'

/** The server's end of a WebSocket, by hand. */
class Wire {
  static all: Wire[] = []
  readyState = 0
  sent: Record<string, unknown>[] = []
  onmessage: ((event: { data: string }) => void) | null = null
  onclose: (() => void) | null = null
  constructor() {
    Wire.all.push(this)
  }
  send(text: string) {
    this.sent.push(JSON.parse(text) as Record<string, unknown>)
  }
  say(message: object) {
    this.readyState = 1
    this.onmessage?.({ data: JSON.stringify(message) })
  }
  close() {
    this.readyState = 3
    this.onclose?.()
  }
}
const hello = { type: 'hello', version: '0', user: null }
const last = () => Wire.all.at(-1)!
const make = () => makeSocket(() => new Wire() as unknown as WebSocket)

beforeEach(() => {
  Wire.all = []
  vi.useFakeTimers()
})
afterEach(() => vi.useRealTimers())

describe('the socket', () => {
  it('follows a run from the last event it saw, again after every reconnect', async () => {
    const socket = make()
    let seq = 0
    const seen: number[] = []
    const back = vi.fn()
    socket.watch({ run: 'run_1', after: () => seq, onEvents: (events) => events.forEach((event) => seen.push((seq = event.seq))), onBack: back })
    last().say(hello)
    expect(last().sent).toEqual([{ type: 'watch', run: 'run_1', after: 0 }])
    last().say({ type: 'events', run: 'run_1', events: [{ kind: 'run', seq: 3, state: 'running' }] })
    last().say({ type: 'events', run: 'run_2', events: [{ kind: 'run', seq: 9, state: 'running' }] })
    last().close()
    expect(socket.state.value).toBe('waiting')
    await vi.advanceTimersByTimeAsync(20_000)
    expect(Wire.all.length).toBe(2)
    last().say(hello)
    expect(socket.state.value).toBe('open')
    expect(last().sent).toContainEqual({ type: 'watch', run: 'run_1', after: 3 })
    expect(seen).toEqual([3])
    expect(back).toHaveBeenCalledOnce()
  })

  it('reads a run again of which events are lost, and follows it from what is left', async () => {
    const socket = make()
    let seq = 9
    socket.watch({ run: 'run_1', after: () => seq, onEvents: () => undefined, onBack: () => Promise.resolve().then(() => void (seq = 4)) })
    last().say(hello)
    last().say({ type: 'error', ref: null, problem: { code: 'run.rewound', title: '', status: 409, params: { id: 'run_1', last: 4 } } })
    await vi.advanceTimersByTimeAsync(1_000)
    expect(last().sent).toEqual([
      { type: 'watch', run: 'run_1', after: 9 },
      { type: 'watch', run: 'run_1', after: 4 },
    ])
  })

  it('stops following when nobody looks any more', () => {
    const socket = make()
    const one = socket.watch({ run: 'run_1', after: () => 0, onEvents: () => undefined })
    const two = socket.watch({ run: 'run_1', after: () => 0, onEvents: () => undefined })
    last().say(hello)
    one()
    expect(last().sent).not.toContainEqual({ type: 'unwatch', run: 'run_1' })
    two()
    expect(last().sent).toContainEqual({ type: 'unwatch', run: 'run_1' })
  })

  it('gives every start its own answer', async () => {
    const socket = make()
    socket.open()
    last().say(hello)
    const good = socket.start({ workflow_id: 'wfl_1' })
    const bad = socket.start({ workflow_id: 'wfl_2' })
    const [first, second] = last().sent
    last().say({ type: 'error', ref: second!.ref, problem: { code: 'graph.invalid', title: 'no', status: 422 } })
    last().say({ type: 'started', ref: first!.ref, run: { id: 'run_1', state: 'queued', position: 1 } })
    await expect(good).resolves.toMatchObject({ id: 'run_1' })
    await expect(bad).rejects.toBeInstanceOf(ApiFailure)
  })

  it('refuses a start while it is cut off instead of losing it', async () => {
    const socket = make()
    await expect(socket.start({ workflow_id: 'wfl_1' })).rejects.toMatchObject({ problem: { code: 'client.cut_off' } })
    socket.open()
    last().say(hello)
    const pending = socket.start({ workflow_id: 'wfl_1' })
    last().close()
    await expect(pending).rejects.toMatchObject({ problem: { code: 'client.cut_off' } })
  })

  it('comes back when a restarting server said it would', async () => {
    const socket = make()
    socket.open()
    last().say(hello)
    last().say({ type: 'drain', retry_ms: 1200 })
    expect(socket.draining.value).toBe(true)
    last().close()
    await vi.advanceTimersByTimeAsync(1199)
    expect(Wire.all.length).toBe(1)
    await vi.advanceTimersByTimeAsync(2)
    last().say(hello)
    expect(socket.draining.value).toBe(false)
  })

  it('opens the new line before it leaves the old one, and goes on from the last event', async () => {
    const socket = make()
    let seq = 0
    const back = vi.fn()
    socket.watch({ run: 'run_1', after: () => seq, onEvents: (events) => (seq = events.at(-1)!.seq), onBack: back })
    const old = last()
    old.say(hello)
    old.say({ type: 'drain', retry_ms: 300, resume: { run_1: 0 } })
    old.say({ type: 'events', run: 'run_1', events: [{ kind: 'run', seq: 1, state: 'running' }] })
    await vi.advanceTimersByTimeAsync(301)
    expect([Wire.all.length, socket.state.value, socket.draining.value]).toEqual([2, 'open', true])
    old.say({ type: 'events', run: 'run_1', events: [{ kind: 'log', seq: 2 }] })
    last().say(hello)
    expect(last().sent).toEqual([{ type: 'watch', run: 'run_1', after: 2 }])
    expect([old.readyState, socket.state.value, socket.draining.value]).toEqual([3, 'open', false])
    old.say({ type: 'events', run: 'run_1', events: [{ kind: 'log', seq: 3 }] })
    expect(seq).toBe(2)
    expect(back).not.toHaveBeenCalled()
  })

  it('keeps the old line until what was asked on it is answered', async () => {
    const socket = make()
    socket.open()
    const old = last()
    old.say(hello)
    const pending = socket.start({ workflow_id: 'wfl_1' })
    old.say({ type: 'drain', retry_ms: 0 })
    await vi.advanceTimersByTimeAsync(1)
    last().say(hello)
    await vi.advanceTimersByTimeAsync(1000)
    expect(old.readyState).toBe(1)
    old.say({ type: 'started', ref: old.sent.at(-1)!.ref, run: { id: 'run_1', state: 'queued', position: 1 } })
    await expect(pending).resolves.toMatchObject({ id: 'run_1' })
    expect(last().sent).toEqual([])
    await vi.advanceTimersByTimeAsync(100)
    expect(old.readyState).toBe(3)
    expect(socket.state.value).toBe('open')
  })

  it('stays with a server that drains as long as there is no other', async () => {
    const socket = make()
    socket.open()
    const old = last()
    old.say(hello)
    old.say({ type: 'drain', retry_ms: 0 })
    await vi.advanceTimersByTimeAsync(1)
    last().close()
    expect([socket.state.value, old.readyState]).toEqual(['open', 1])
    await vi.advanceTimersByTimeAsync(1000)
    old.close()
    last().say(hello)
    expect([Wire.all.length, socket.state.value]).toEqual([3, 'open'])
  })

  it('gives up on a server that has fallen silent', async () => {
    const socket = make()
    socket.open()
    last().say(hello)
    await vi.advanceTimersByTimeAsync(61_000)
    expect(Wire.all.length).toBeGreaterThan(1)
  })

  it('waits longer each time, within bounds, and never the same for all', () => {
    expect(delay(0, () => 1)).toBe(500)
    expect(delay(0, () => 0)).toBe(150)
    expect(delay(20, () => 1)).toBe(15_000)
  })
})
