/** Verbs on wires: plug, re-plug, splice a node into a wire, dissolve a node. All obey the connection rule and never close a cycle. */

import type { End, NodeDoc, Port, WireDoc } from './document'
import type { Draft } from './edit'
import { sameEnd } from './edit'
import { hasHandle } from './geometry'
import { minter } from './ids'
import type { Body } from './model'
import { portsOf, reaches, typedPort, type World } from './ports'
import { closeness, mayConnect, wantsEach } from './rule'

export type Refusal = 'same' | 'type' | 'cycle' | 'missing'

/** Why a wire from `source` to `target` may not be drawn, or null. A list into a single value is allowed: the wire maps over it. */
export function refusal(world: World, body: Body, source: End, target: End): Refusal | null {
  const [from, to] = [body.nodes.get(source[0]), body.nodes.get(target[0])]
  if (!from || !to) return 'missing'
  if (from.id === to.id) return 'same'
  const out = portsOf(world, body, from).outputs.find((port) => port.id === source[1])
  const into = portsOf(world, body, to).inputs.find((port) => port.id === target[1])
  if (!out || !into) return 'missing'
  const [a, b] = [typedPort(world, body, from, 'outputs', out), typedPort(world, body, to, 'inputs', into)]
  if (!mayConnect(a, b)) return 'type'
  return reaches(body, to.id, from.id) ? 'cycle' : null
}

/** Draw a wire. A single input lets go of the wire it had. Returns the new wire's id, or null when it is refused or already there. */
export function connect(draft: Draft, world: World, source: End, target: End): string | null {
  const body = draft.body
  if (refusal(world, body, source, target)) return null
  const present = body.into(target[0], target[1])
  if (present.some((wire) => sameEnd(wire.source, source))) return null
  const to = body.nodes.get(target[0])!
  const into = portsOf(world, body, to).inputs.find((port) => port.id === target[1])!
  if (!into.many) for (const wire of present) draft.removeWire(wire.id)
  const from = body.nodes.get(source[0])!
  const out = portsOf(world, body, from).outputs.find((port) => port.id === source[1])!
  const wire: WireDoc = { id: minter(body).wire(), source, target }
  if (wantsEach(typedPort(world, body, from, 'outputs', out), into)) wire.each = true
  draft.addWire(wire)
  return wire.id
}

/** Move an end of a wire to another port, keeping its place in the order when the input stays the same. */
export function replug(draft: Draft, world: World, id: string, end: 'source' | 'target', to: End): boolean {
  const slot = draft.body.wires.slot(id)
  if (!slot || sameEnd(slot[0][end], to)) return false
  const wire = slot[0]
  draft.removeWire(id)
  const made = end === 'source' ? connect(draft, world, to, wire.target) : connect(draft, world, wire.source, to)
  if (!made) {
    draft.addWire(wire, slot[1])
    return false
  }
  if (end === 'source') draft.setWire(made, {}, slot[1])
  return true
}

/** The best pair of ports between `port` of one side and any port of `node`. */
export function bestPartner(world: World, body: Body, node: NodeDoc, side: 'inputs' | 'outputs', port: Port): Port | null {
  let best: Port | null = null
  let top = 0
  for (const candidate of portsOf(world, body, node)[side]) {
    if (candidate.id === 'after' || candidate.id === 'error') continue
    if (side === 'inputs' && !hasHandle(candidate, false, node.look?.handles)) continue
    const [out, into] = side === 'inputs' ? [port, candidate] : [candidate, port]
    let score = closeness(out, into)
    if (side === 'inputs' && body.into(node.id, candidate.id).length && !candidate.many) score *= 0.2
    if (score > top) [best, top] = [candidate, score]
  }
  return best
}

/** Put a node into a wire: the wire's source feeds it, it feeds the wire's target. Returns whether both ends fit. */
export function splice(draft: Draft, world: World, node: string, wireId: string): boolean {
  const body = draft.body
  const [doc, slot] = [body.nodes.get(node), body.wires.slot(wireId)]
  if (!doc || !slot) return false
  const wire = slot[0]
  if (wire.source[0] === node || wire.target[0] === node) return false
  const [from, to] = [body.nodes.get(wire.source[0])!, body.nodes.get(wire.target[0])!]
  const out = portsOf(world, body, from).outputs.find((port) => port.id === wire.source[1])
  const into = portsOf(world, body, to).inputs.find((port) => port.id === wire.target[1])
  const entry = out && bestPartner(world, body, doc, 'inputs', out)
  const exit = into && bestPartner(world, body, doc, 'outputs', into)
  if (!entry || !exit) return false
  draft.removeWire(wireId)
  connect(draft, world, wire.source, [node, entry.id])
  const made = connect(draft, world, [node, exit.id], wire.target)
  if (made) draft.setWire(made, {}, slot[1])
  return true
}

/** Remove a node and join what fed it with what it fed, where the types allow. */
export function dissolve(draft: Draft, world: World, node: string): void {
  const body = draft.body
  const [sources, targets] = [body.into(node), body.outOf(node)]
  draft.removeNodes([node])
  for (const target of targets) {
    const source = sources.find((wire) => !refusal(world, body, wire.source, target.target))
    if (source) connect(draft, world, source.source, target.target)
  }
}
