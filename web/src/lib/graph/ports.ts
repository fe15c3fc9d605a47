/** Which ports a node has: its kind's, those its values add, those of the interface it stands for, and the implicit ones. */

import type { Interface, NodeDoc, Port } from './document'
import type { Kind, Kinds } from './kinds'
import type { Body, Graph } from './model'
import { arrivingType, isList, MAPPED, type Socket } from './rule'

export interface Ports {
  inputs: Port[]
  outputs: Port[]
}

/** Where interfaces of library groups come from; undefined while unknown. */
export type Library = (workflow: string, version: number | undefined) => Interface | undefined

export interface World {
  graph: Graph
  kinds: Kinds
  library?: Library
}

export const AFTER: Port = { id: 'after', type: 'any', many: true, accepts_dead: false, handle: false, title: 'After' }
export const ERROR: Port = { id: 'error', type: 'object', tags: ['error'], title: 'Error' }

/** The ports of `node`, in the order they are shown. A node of an unknown kind has the ports its wires name. */
export function portsOf(world: World, body: Body, node: NodeDoc): Ports {
  const kind = world.kinds.get(node.kind)
  if (!kind) return ghostPorts(body, node)
  const ports = declaredPorts(world, body, node, kind)
  if (body.into(node.id).some((wire) => wire.each)) ports.outputs = ports.outputs.map(asList)
  if (kind.control !== 'note') {
    if (!ports.inputs.some((port) => port.id === 'after')) ports.inputs = [...ports.inputs, AFTER]
    if (node.policy?.on_error === 'port' && !ports.outputs.some((port) => port.id === 'error')) ports.outputs = [...ports.outputs, ERROR]
  }
  return ports
}

function declaredPorts(world: World, body: Body, node: NodeDoc, kind: Kind): Ports {
  const values = node.values ?? {}
  const mode = kind.modes && Object.keys(kind.modes).length ? String(values.mode ?? kind.inputs?.find((p) => p.id === 'mode')?.default ?? Object.keys(kind.modes)[0]) : ''
  const inputs = [...inMode(kind, mode), ...extraPorts(values, kind.dynamic_inputs)]
  const outputs = [...(kind.outputs ?? []), ...extraPorts(values, kind.dynamic_outputs)]
  switch (kind.control) {
    case 'input':
      return { inputs, outputs: [...outputs, ...(body.interface.inputs ?? []).map(plain)] }
    case 'output':
      return { inputs: [...inputs, ...(body.interface.outputs ?? []).map(plain)], outputs }
    case 'group':
    case 'map':
    case 'loop': {
      const inner = innerPorts(world, body, node, kind.control, interfaceOf(world, node) ?? {})
      return { inputs: merged(inputs, inner.inputs), outputs: merged(outputs, inner.outputs) }
    }
    default:
      return { inputs, outputs }
  }
}

const plain = (port: Port): Port => ({ ...port, handle: true })

function merged(own: Port[], inner: Port[]): Port[] {
  const ids = new Set(own.map((port) => port.id))
  return [...own, ...inner.filter((port) => !ids.has(port.id))]
}

function inMode(kind: Kind, mode: string): Port[] {
  const inputs = kind.inputs ?? []
  if (!mode) return inputs
  const listed = new Set(Object.values(kind.modes!).flat())
  const here = new Set(kind.modes![mode] ?? [])
  return inputs.filter((port) => !listed.has(port.id) || here.has(port.id))
}

/** Ports listed in `values[name]`: objects, or bare ids (then `any`). */
function extraPorts(values: Record<string, unknown>, name: string | undefined): Port[] {
  const list = name ? values[name] : undefined
  if (!Array.isArray(list)) return []
  return list.flatMap((item: unknown): Port[] => {
    if (typeof item === 'string' && item) return [{ id: item, type: 'any', title: item }]
    if (item && typeof item === 'object' && typeof (item as Port).id === 'string') return [{ ...(item as Port), type: (item as Port).type ?? 'any' }]
    return []
  })
}

/** The interface of the local or library group that `node` uses. */
export function interfaceOf(world: World, node: NodeDoc): Interface | undefined {
  const { group, workflow, version } = node.values ?? {}
  if (typeof group === 'string' && group) return world.graph.body(group)?.interface
  if (typeof workflow === 'string' && workflow) return world.library?.(workflow, typeof version === 'number' ? version : undefined)
  return undefined
}

/** The outer output for an inner one of which a list is made. */
const asList = (port: Port): Port => ({ ...port, type: 'array', tags: [], stream: false, convertible: false })
/** The outer input of a Map for an inner one that is taken apart. */
const asMapped = (port: Port): Port => ({ ...port, type: 'array', tags: [MAPPED], stream: false, convertible: false, default: undefined, widget: null })

function innerPorts(world: World, body: Body, node: NodeDoc, control: 'group' | 'map' | 'loop', face: Interface): Ports {
  const inputs = (face.inputs ?? []).map(plain)
  const outputs = (face.outputs ?? []).map(plain)
  if (control === 'group') return { inputs, outputs }
  if (control === 'map') {
    const mapped = new Set(strings(node.values?.mapped))
    const zipped = (port: Port): Port => (mapped.size ? (mapped.has(port.id) ? asMapped(port) : port) : implicitlyMapped(world, body, node, port))
    return { inputs: inputs.map(zipped), outputs: [...outputs.map(asList), { id: 'errors', type: 'array', title: 'Errors' }] }
  }
  return { inputs: inputs.filter((port) => port.id !== 'index'), outputs: loopOutputs(node.values ?? {}, outputs) }
}

function loopOutputs(values: Record<string, unknown>, outputs: Port[]): Port[] {
  const carried = Array.isArray(values.carried) ? (values.carried as { output?: string }[]) : []
  const named = (id: string) => outputs.find((port) => port.id === id)
  const final = carried.flatMap((pair) => named(pair?.output ?? '') ?? []).map((port) => ({ ...port, stream: false }))
  const collect = strings(values.collect).flatMap((id) => named(id) ?? []).map((port) => ({ ...asList(port), id: `collect.${port.id}`, title: `${port.title || port.id} []` }))
  const stream = strings(values.stream).flatMap((id) => named(id) ?? []).map((port) => ({ ...port, id: `stream.${port.id}`, stream: true, title: `${port.title || port.id} …` }))
  return [...final, ...collect, ...stream, { id: 'iterations', type: 'integer', title: 'Iterations' }]
}

let depth = 0

/** A Map without a list of mapped inputs takes apart what arrives as a list where one item is wanted. */
function implicitlyMapped(world: World, body: Body, node: NodeDoc, port: Port): Port & Socket {
  if (isList(port.type)) return port
  const wire = body.into(node.id, port.id)[0]
  const source = wire && body.nodes.get(wire.source[0])
  if (!source || depth > 32) return { ...port, takesList: true }
  depth++
  try {
    const out = portOf(world, body, source, 'outputs', wire.source[1])
    return out && isList(arrivingType(out, port)) ? asMapped(port) : { ...port, takesList: true }
  } finally {
    depth--
  }
}

function strings(list: unknown): string[] {
  return Array.isArray(list) ? list.filter((item): item is string => typeof item === 'string') : []
}

function ghostPorts(body: Body, node: NodeDoc): Ports {
  const seen = (ids: string[]): Port[] => [...new Set(ids)].map((id) => ({ id, type: 'any', title: id }))
  return { inputs: seen(body.into(node.id).map((wire) => wire.target[1])), outputs: seen(body.outOf(node.id).map((wire) => wire.source[1])) }
}

/** One port of a node, or undefined. */
export function portOf(world: World, body: Body, node: NodeDoc, side: 'inputs' | 'outputs', id: string): Port | undefined {
  return portsOf(world, body, node)[side].find((port) => port.id === id)
}

/** The port as it counts for drawing and connecting: a convertible one takes the type of its first partner. */
export function typedPort(world: World, body: Body, node: NodeDoc, side: 'inputs' | 'outputs', port: Port): Port {
  if (!port.convertible) return port
  const wire = (side === 'inputs' ? body.into(node.id, port.id) : body.outOf(node.id, port.id))[0]
  if (!wire) return port
  const [id, other] = side === 'inputs' ? wire.source : wire.target
  const partner = body.nodes.get(id)
  const found = partner && portOf(world, body, partner, side === 'inputs' ? 'outputs' : 'inputs', other)
  return found && !found.convertible && found.type !== 'any' ? { ...port, type: found.type, tags: found.tags } : port
}

/** Whether `to` can already be reached from `from`: a wire from `to` to `from` would close a cycle. */
export function reaches(body: Body, from: string, to: string): boolean {
  const pending = [from]
  const seen = new Set(pending)
  while (pending.length) {
    const node = pending.pop()!
    if (node === to) return true
    for (const id of body.outgoing.get(node) ?? []) {
      const next = body.wires.get(id)!.target[0]
      if (!seen.has(next)) {
        seen.add(next)
        pending.push(next)
      }
    }
  }
  return false
}
