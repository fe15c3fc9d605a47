import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { GraphDoc } from '@/lib/graph/document'
import { gridGraph } from '@/lib/graph/testing'
import { click, doubleClick, drag, frames, pause, press, stage, wheel, type Stage } from './stage'

const GRAPH: GraphDoc = {
  nodes: [
    { id: 'a', kind: 'text.constant', values: { text: 'hello' }, look: { x: 0, y: 0 } },
    { id: 'b', kind: 'text.join', look: { x: 340, y: 0 } },
    { id: 'c', kind: 'numbers.add', look: { x: 340, y: 220 } },
    { id: 'd', kind: 'flow.pass', look: { x: 0, y: 400 } },
    { id: 'e', kind: 'text.join', look: { x: 660, y: 0 } },
  ],
  wires: [{ id: 'w1', source: ['b', 'text'], target: ['e', 'texts'] }],
}

let on: Stage
const open = async (doc: GraphDoc = GRAPH) => (on = await stage(doc))
afterEach(() => on?.close())

const look = (id: string) => on.session.body.nodes.get(id)!.look!
const wires = () => on.session.body.wires.list().map((wire) => `${wire.source.join('.')}>${wire.target.join('.')}`)
const steps = () => on.session.history.done.map((step) => step.label)
const chosen = () => [...on.session.selection.nodes].sort()
const port = (id: string, side: 'inputs' | 'outputs', name: string): [number, number] => {
  const box = on.context.scene.boxes.get(id)!
  const [x, y] = box.layout[side].get(name)!
  return [box.x + x, box.y + y]
}
const head = (id: string): [number, number] => [on.context.scene.boxes.get(id)!.x + 90, on.context.scene.boxes.get(id)!.y + 16]

describe('the window', () => {
  it('mounts only what is in sight', async () => {
    await open(gridGraph(400))
    await pause(100)
    const count = on.host.querySelectorAll('.vue-flow__node').length
    expect(count).toBeGreaterThan(4)
    expect(count).toBeLessThan(40)
  })

  it('mounts nothing when far, and draws instead', async () => {
    await open(gridGraph(60))
    on.context.flow.setView({ x: 0, y: 0, zoom: 0.3 })
    await pause(250)
    await frames(4)
    expect(on.host.querySelectorAll('.vue-flow__node').length).toBe(0)
    const pixel = on.host.querySelector('canvas')!.getContext('2d')!.getImageData(20, 5, 1, 1).data
    expect(pixel[3]).toBe(255)
  })

  it('places handles where the geometry says', async () => {
    await open()
    const element = on.host.querySelector('[data-node="b"] .handle.outputs[data-port="text"]')!.getBoundingClientRect()
    const [x, y] = port('b', 'outputs', 'text')
    const at = on.context.flow.toScreen(x, y)
    expect(Math.abs(element.x + element.width / 2 - at.x)).toBeLessThan(1)
    expect(Math.abs(element.y + element.height / 2 - at.y)).toBeLessThan(1)
  })

  it('measures nodes as the page does', async () => {
    await open()
    for (const box of on.context.scene.list()) {
      const element = on.host.querySelector(`[data-node="${box.id}"]`)!
      expect([element.clientWidth, element.clientHeight]).toEqual([box.w, box.h])
      const last = [...element.querySelectorAll('.node-row')].at(-1)
      if (last) expect(last.getBoundingClientRect().bottom).toBeLessThanOrEqual(element.getBoundingClientRect().bottom)
    }
  })
})

describe('selecting and moving', () => {
  beforeEach(() => open())

  it('selects by press, adds by shift, clears on the pane', async () => {
    await click(on, head('a'))
    expect(chosen()).toEqual(['a'])
    await click(on, head('b'), { shiftKey: true })
    expect(chosen()).toEqual(['a', 'b'])
    await click(on, [300, 560])
    expect(chosen()).toEqual([])
  })

  it('moves a node with one commit', async () => {
    await drag(on, head('a'), [[120, 40], [190, 116]])
    expect(look('a')).toMatchObject({ x: 100, y: 100 })
    expect(steps()).toEqual(['move'])
    on.session.undo()
    expect(look('a')).toMatchObject({ x: 0, y: 0 })
  })

  it('moves all that is selected', async () => {
    on.session.selection.set({ nodes: ['a', 'b'] })
    await drag(on, head('a'), [[140, 66]])
    expect([look('a').x, look('b').x, look('c').x]).toEqual([50, 390, 340])
  })

  it('takes a drag back on Escape', async () => {
    const at = on.context.flow.toScreen(...head('a'))
    const options = { bubbles: true, clientX: at.x, clientY: at.y, pointerId: 1, button: 0 }
    document.elementFromPoint(at.x, at.y)!.dispatchEvent(new PointerEvent('pointerdown', options))
    window.dispatchEvent(new PointerEvent('pointermove', { ...options, clientX: at.x + 80 }))
    await frames(2)
    await press(on, 'Escape')
    window.dispatchEvent(new PointerEvent('pointerup', options))
    expect(look('a').x).toBe(0)
    expect(steps()).toEqual([])
  })

  it('selects by a box', async () => {
    await drag(on, [-10, -10], [[700, 60]], { shiftKey: true })
    expect(chosen()).toEqual(['a', 'b', 'e'])
  })

  it('pans on an empty place and moves nothing', async () => {
    const before = on.context.flow.view()
    await drag(on, [300, 560], [[360, 600]])
    const after = on.context.flow.view()
    expect([Math.round(after.x - before.x), Math.round(after.y - before.y)]).not.toEqual([0, 0])
    expect(steps()).toEqual([])
  })

  it('resizes by the corner', async () => {
    const box = on.context.scene.boxes.get('a')!
    await drag(on, [box.w - 4, box.h - 4], [[box.w + 96, box.h + 46]])
    expect(look('a').width).toBe(348)
    expect(steps()).toEqual(['resize'])
  })

  it('zooms by the wheel around the pointer and fits', async () => {
    const before = on.context.flow.toScreen(340, 220)
    await wheel(on, [340, 220], -240)
    expect(on.context.flow.view().zoom).toBeGreaterThan(1)
    const after = on.context.flow.toScreen(340, 220)
    expect(Math.hypot(after.x - before.x, after.y - before.y)).toBeLessThan(2)
    on.host.focus()
    await press(on, '1')
    await pause(300)
    for (const box of on.context.scene.list()) {
      const { x, y } = on.context.flow.toScreen(box.x, box.y)
      expect(x).toBeGreaterThanOrEqual(0)
      expect(y).toBeGreaterThanOrEqual(0)
    }
  })
})

describe('wiring', () => {
  beforeEach(() => open())

  it('connects by dragging from an output to an input', async () => {
    await drag(on, port('a', 'outputs', 'text'), [port('b', 'inputs', 'texts')])
    expect(wires()).toContain('a.text>b.texts')
    expect(steps()).toEqual(['connect'])
  })

  it('connects backwards and by dropping on the body of a node', async () => {
    await drag(on, port('b', 'inputs', 'texts'), [head('a')])
    expect(wires()).toContain('a.text>b.texts')
  })

  it('refuses what does not fit', async () => {
    await drag(on, port('a', 'outputs', 'text'), [port('c', 'inputs', 'a')])
    expect(wires()).toEqual(['b.text>e.texts'])
  })

  it('re-plugs an end that is dragged away', async () => {
    await drag(on, port('e', 'inputs', 'texts'), [port('d', 'inputs', 'in')])
    expect(wires()).toEqual(['b.text>d.in'])
    expect(steps()).toEqual(['replug'])
  })

  it('removes a wire whose end is dropped in the open', async () => {
    await drag(on, port('e', 'inputs', 'texts'), [[700, 400]])
    expect(wires()).toEqual([])
  })

  it('offers nodes that fit where a new wire is dropped, and wires the choice in one step', async () => {
    await drag(on, port('a', 'outputs', 'text'), [[420, 480]])
    await frames(4)
    const options = [...on.host.querySelectorAll('[role="option"]')].map((item) => item.id)
    expect(options).toContain('quick-text.join')
    expect(options).not.toContain('quick-numbers.add')
    await press(on, 'Enter')
    expect(steps()).toEqual(['add'])
    expect(wires()).toHaveLength(2)
    on.session.undo()
    expect([on.session.body.nodes.size, on.session.body.wires.size]).toEqual([5, 1])
  })

  it('cuts wires that a line crosses', async () => {
    await drag(on, [620, 5], [[620, 120]], { ctrlKey: true })
    expect(wires()).toEqual([])
  })

  it('puts a reroute point on a wire, moves it and takes it away', async () => {
    const line = on.context.scene.lines.get('w1')!
    const middle: [number, number] = [(line.a[0] + line.b[0]) / 2, (line.a[1] + line.b[1]) / 2]
    await doubleClick(on, middle)
    expect(on.session.body.wires.get('w1')!.look!.via).toHaveLength(1)
    const [at] = on.session.body.wires.get('w1')!.look!.via!
    await drag(on, at!, [[at![0], at![1] + 80]])
    expect(on.session.body.wires.get('w1')!.look!.via![0]![1]).toBeGreaterThan(at![1] + 40)
    await doubleClick(on, on.session.body.wires.get('w1')!.look!.via![0]!)
    expect(on.session.body.wires.get('w1')!.look?.via).toBeUndefined()
  })

  it('splices a lone node into the wire it is dropped on', async () => {
    const line = on.context.scene.lines.get('w1')!
    const middle = [(line.a[0] + line.b[0]) / 2, (line.a[1] + line.b[1]) / 2]
    const box = on.context.scene.boxes.get('d')!
    await drag(on, head('d'), [[middle[0]! - box.w / 2 + 90, middle[1]! - 17 + 16]])
    expect(wires().sort()).toEqual(['b.text>d.in', 'd.out>e.texts'])
    expect(steps()).toEqual(['move'])
  })
})

describe('frames, far mode and keys', () => {
  it('carries the content of a frame', async () => {
    await open({ nodes: [{ id: 'a', kind: 'text.join', frame: 'f', look: { x: 40, y: 60 } }], frames: [{ id: 'f', name: 'F', look: { x: 0, y: 0, width: 400, height: 300 } }] })
    await drag(on, [200, 14], [[260, 54]])
    expect(look('a')).toMatchObject({ x: 100, y: 100 })
    expect(on.session.body.frames.get('f')!.look).toMatchObject({ x: 60, y: 40 })
  })

  it('moves nodes that are only drawn', async () => {
    await open()
    on.context.flow.setView({ x: 100, y: 100, zoom: 0.3 })
    await pause(260)
    await drag(on, head('a'), [[190, 116]])
    expect(look('a')).toMatchObject({ x: 100, y: 100 })
  })

  it('moves many as drawn boxes, with one commit', async () => {
    await open(gridGraph(25))
    on.session.selection.set({ nodes: on.session.body.nodes.keys() })
    await drag(on, head('n1'), [[190, 116]])
    expect(on.session.body.nodes.get('n25')!.look!.x! - gridGraph(25).nodes![24]!.look!.x!).toBe(100)
    expect(steps()).toEqual(['move'])
    expect(on.host.querySelectorAll('.away').length).toBe(0)
  })

  it('walks the graph by arrows and names the active node', async () => {
    await open()
    on.host.focus()
    await press(on, 'Home')
    await press(on, 'ArrowRight')
    expect(on.host.getAttribute('aria-activedescendant')).toBe(`node-${on.session.selection.active}`)
    on.session.selection.set({ nodes: ['b'] })
    await press(on, 'ArrowRight')
    expect(chosen()).toEqual(['e'])
    await press(on, 'ArrowLeft')
    expect(chosen()).toEqual(['b'])
  })

  it('copies and pastes as text with new ids', async () => {
    await open()
    on.session.selection.set({ nodes: ['b', 'e'] })
    on.host.focus()
    const data = new DataTransfer()
    on.host.dispatchEvent(new ClipboardEvent('copy', { clipboardData: data, bubbles: true, cancelable: true }))
    expect(JSON.parse(data.getData('text/plain')).nodes).toHaveLength(2)
    on.host.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }))
    await frames(2)
    expect([on.session.body.nodes.size, on.session.body.wires.size]).toEqual([7, 2])
    await press(on, 'Delete')
    expect(on.session.body.nodes.size).toBe(5)
  })

  it('groups, enters, leaves and ungroups', async () => {
    await open()
    on.session.selection.set({ nodes: ['b'] })
    on.host.focus()
    await press(on, 'g', { ctrlKey: true })
    const group = on.session.selection.active!
    expect(on.session.body.nodes.get(group)!.kind).toBe('flow.group')
    on.session.path.value = [group]
    await frames(6)
    expect([...on.context.scene.boxes.keys()]).toContain('b')
    await press(on, 'ArrowUp', { ctrlKey: true })
    expect(on.session.path.value).toEqual([])
    on.session.undo()
    expect(on.session.body.nodes.has('b')).toBe(true)
  })

  it('keeps a node of an unknown kind as a ghost', async () => {
    await open({ nodes: [{ id: 'g', kind: 'gone.kind', values: { kept: [0, false, ''] }, look: { x: 0, y: 0 } }] })
    expect(on.host.querySelector('[data-node="g"].ghost')).toBeTruthy()
    expect(on.session.graph.toDoc().nodes![0]!.values).toEqual({ kept: [0, false, ''] })
  })
})
