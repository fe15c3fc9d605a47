/** Turn a selection into a local group and back. Outer wires are kept; the border becomes the group's interface. */

import { patched, type End, type Interface, type NodeDoc, type Port, type WireDoc } from './document'
import type { Draft } from './edit'
import { layoutOf, nodeRect, union, type Rect } from './geometry'
import { freeId, minter } from './ids'
import type { Body } from './model'
import { portsOf, typedPort, type World } from './ports'

interface Border {
  interface: { inputs: Port[]; outputs: Port[] }
  /** Wires inside the group from its input node and to its output node. */
  inner: { source: End; target: End; look?: WireDoc['look'] }[]
  /** Wires outside, with the group's port in place of the inner end. */
  outer: { wire: WireDoc; rank: number; source: End; target: End }[]
}

/** Whether the selection may become a group: no wire leaves it and comes back through another node. */
export function canGroup(body: Body, ids: ReadonlySet<string>): boolean {
  const pending: string[] = []
  for (const id of ids) for (const wire of body.outOf(id)) if (!ids.has(wire.target[0])) pending.push(wire.target[0])
  const seen = new Set(pending)
  while (pending.length) {
    for (const wire of body.outOf(pending.pop()!)) {
      const next = wire.target[0]
      if (ids.has(next)) return false
      if (!seen.has(next)) {
        seen.add(next)
        pending.push(next)
      }
    }
  }
  return ids.size > 0
}

/** Make a group of `ids` and put a node in their place. Returns that node's id. */
export function makeGroup(draft: Draft, world: World, ids: ReadonlySet<string>, name: string): string {
  const body = draft.body
  const nodes = body.nodes.list().filter((node) => ids.has(node.id))
  const rects = nodes.map((node) => nodeRect(node, layoutOf(world, body, node)))
  const box = union(rects)!
  const groupId = minter(body, draft.graph).group()
  const outside = minter(body)
  const nodeId = outside.node()
  const border = borderOf(world, body, ids, nodeId)
  const wires = body.wires.list().filter((wire) => ids.has(wire.source[0]) && ids.has(wire.target[0]))
  const doors = doorNodes(nodes, box, border.interface)
  let count = 0
  const fresh = () => {
    let id: string
    do id = `b${++count}`
    while (wires.some((wire) => wire.id === id))
    return id
  }
  const rename = (end: End): End => [end[0] === '<' ? (doors.input?.id ?? '') : end[0] === '>' ? (doors.output?.id ?? '') : end[0], end[1]]
  draft.removeNodes(ids)
  draft.addGroup({
    id: groupId,
    name,
    nodes: [...(doors.input ? [doors.input] : []), ...nodes.map((node) => patched(node, { frame: undefined })), ...(doors.output ? [doors.output] : [])],
    wires: [...wires, ...border.inner.map((wire) => ({ id: fresh(), source: rename(wire.source), target: rename(wire.target) }))],
    interface: border.interface,
  })
  const frame = nodes.every((node) => node.frame === nodes[0]!.frame) ? (nodes[0]!.frame ?? undefined) : undefined
  draft.addNode(patched<NodeDoc>({ id: nodeId, kind: 'flow.group', name, values: { group: groupId }, look: { x: Math.round(box.x + box.w / 2 - 124), y: Math.round(box.y) } }, { frame }))
  for (const { wire, rank, source, target } of border.outer) draft.addWire({ ...wire, source, target }, rank)
  return nodeId
}

function borderOf(world: World, body: Body, ids: ReadonlySet<string>, nodeId: string): Border {
  const border: Border = { interface: { inputs: [], outputs: [] }, inner: [], outer: [] }
  const inputs = new Map<string, string>()
  const outputs = new Map<string, string>()
  for (const wire of body.wires.list()) {
    const [sourceIn, targetIn] = [ids.has(wire.source[0]), ids.has(wire.target[0])]
    if (sourceIn === targetIn) continue
    const rank = body.wires.slot(wire.id)![1]
    if (targetIn) {
      const key = wire.source.join('|')
      let port = inputs.get(key)
      if (!port) {
        port = claim(border.interface.inputs, portAt(world, body, wire.target, 'inputs'))
        inputs.set(key, port)
        border.outer.push({ wire: { ...wire, look: undefined }, rank, source: wire.source, target: [nodeId, port] })
      }
      border.inner.push({ source: ['<', port], target: wire.target })
    } else {
      const key = wire.source.join('|')
      let port = outputs.get(key)
      if (!port) {
        port = claim(border.interface.outputs, portAt(world, body, wire.source, 'outputs'))
        outputs.set(key, port)
        border.inner.push({ source: wire.source, target: ['>', port] })
      }
      border.outer.push({ wire: { ...wire, look: undefined }, rank, source: [nodeId, port], target: wire.target })
    }
  }
  return border
}

function portAt(world: World, body: Body, [node, id]: End, side: 'inputs' | 'outputs'): Port {
  const doc = body.nodes.get(node)!
  const port = portsOf(world, body, doc)[side].find((candidate) => candidate.id === id)
  return port ? typedPort(world, body, doc, side, port) : { id, type: 'any' }
}

/** Add a port like `like` to a border under a free id. */
function claim(ports: Port[], like: Port): string {
  const taken = new Set(ports.map((port) => port.id))
  const id = taken.has(like.id) ? freeId(like.id + '_', taken, 2) : like.id
  const port: Port = { id, type: like.type, title: like.title || id }
  if (like.tags?.length) port.tags = like.tags
  if (like.stream) port.stream = true
  if (like.many) port.many = true
  if (like.description) port.description = like.description
  ports.push(port)
  return id
}

function doorNodes(nodes: readonly NodeDoc[], box: Rect, face: Interface): { input?: NodeDoc; output?: NodeDoc } {
  const taken = new Set(nodes.map((node) => node.id))
  const input = freeId('in', taken)
  const output = freeId('out', taken)
  return {
    ...(face.inputs?.length && { input: { id: input, kind: 'graph.input', look: { x: Math.round(box.x - 320), y: Math.round(box.y) } } }),
    ...(face.outputs?.length && { output: { id: output, kind: 'graph.output', look: { x: Math.round(box.x + box.w + 72), y: Math.round(box.y) } } }),
  }
}

/** Put a local group's content in place of the node that uses it. The group itself goes when nobody else uses it. Returns the new node ids. */
export function ungroup(draft: Draft, world: World, nodeId: string): string[] {
  const body = draft.body
  const holder = body.nodes.get(nodeId)
  const groupId = holder?.values?.group
  const inner = typeof groupId === 'string' ? draft.graph.body(groupId) : undefined
  if (!holder || !inner || holder.kind !== 'flow.group') return []
  const mint = minter(body)
  const ids = new Map<string, string>()
  const doors = { input: new Set<string>(), output: new Set<string>() }
  const content = inner.nodes.list().filter((node) => {
    const control = world.kinds.get(node.kind)?.control
    if (control === 'input' || control === 'output') doors[control].add(node.id)
    return control !== 'input' && control !== 'output'
  })
  const corner = union(content.map((node) => ({ x: node.look?.x ?? 0, y: node.look?.y ?? 0, w: 0, h: 0 }))) ?? { x: 0, y: 0 }
  const [incoming, outgoing] = [body.into(nodeId), body.outOf(nodeId)]
  draft.removeNodes([nodeId])
  for (const node of content) {
    const id = mint.node()
    ids.set(node.id, id)
    const look = { ...node.look, x: (node.look?.x ?? 0) - corner.x + (holder.look?.x ?? 0), y: (node.look?.y ?? 0) - corner.y + (holder.look?.y ?? 0) }
    draft.addNode(patched<NodeDoc>({ ...node, id, look }, { frame: holder.frame ?? undefined }))
  }
  joinWires(draft, inner, ids, doors, incoming, outgoing, mint.wire)
  giveValues(draft, inner, holder, ids, doors.input, incoming)
  if (!usedAnywhere(draft, groupId as string)) draft.removeGroup(groupId as string)
  return [...ids.values()]
}

function joinWires(
  draft: Draft,
  inner: Body,
  ids: ReadonlyMap<string, string>,
  doors: { input: Set<string>; output: Set<string> },
  incoming: readonly WireDoc[],
  outgoing: readonly WireDoc[],
  wireId: () => string,
): void {
  for (const wire of inner.wires.list()) {
    const sources = doors.input.has(wire.source[0])
      ? incoming.filter((outer) => outer.target[1] === wire.source[1]).map((outer) => outer.source)
      : [[ids.get(wire.source[0])!, wire.source[1]] as End]
    const targets = doors.output.has(wire.target[0])
      ? outgoing.filter((outer) => outer.source[1] === wire.target[1]).map((outer) => outer.target)
      : [[ids.get(wire.target[0])!, wire.target[1]] as End]
    for (const source of sources) for (const target of targets) if (source[0] && target[0]) draft.addWire({ ...wire, id: wireId(), source, target, look: undefined })
  }
}

/** What was typed into the group's own inputs goes to the nodes they fed. */
function giveValues(draft: Draft, inner: Body, holder: NodeDoc, ids: ReadonlyMap<string, string>, inputs: Set<string>, incoming: readonly WireDoc[]): void {
  const wired = new Set(incoming.map((wire) => wire.target[1]))
  for (const wire of inner.wires.list()) {
    if (!inputs.has(wire.source[0]) || wired.has(wire.source[1])) continue
    const value = holder.values?.[wire.source[1]]
    const target = ids.get(wire.target[0])
    if (value !== undefined && target) draft.setValue(target, wire.target[1], value)
  }
}

function usedAnywhere(draft: Draft, groupId: string): boolean {
  for (const body of draft.graph.bodies.values()) for (const node of body.nodes.values()) if (node.values?.group === groupId) return true
  return false
}
