/** Copy and paste as JSON text: `{kind, version, nodes, wires, frames, groups}`. */

import type { FrameDoc, GroupDoc, NodeDoc, WireDoc } from './document'
import { Draft } from './edit'
import { minter } from './ids'
import type { Graph } from './model'

export const CLIP = 'comfytavern.clip'

export interface Clip {
  kind: typeof CLIP
  version: 1
  nodes: NodeDoc[]
  wires: WireDoc[]
  /** Wires into the copied nodes from nodes that were not copied. */
  incoming?: WireDoc[]
  frames?: FrameDoc[]
  /** Local groups the copied nodes use, and those these use. */
  groups?: GroupDoc[]
}

/** Copy nodes and frames of a body, the wires among them, and the groups they need. */
export function copied(graph: Graph, bodyId: string, nodes: ReadonlySet<string>, frames: ReadonlySet<string> = new Set()): Clip {
  const body = graph.body(bodyId)!
  const picked = body.nodes.list().filter((node) => nodes.has(node.id) || (node.frame != null && frames.has(node.frame)))
  const ids = new Set(picked.map((node) => node.id))
  const wires = body.wires.list()
  const clip: Clip = { kind: CLIP, version: 1, nodes: picked, wires: wires.filter((w) => ids.has(w.source[0]) && ids.has(w.target[0])) }
  const incoming = wires.filter((w) => !ids.has(w.source[0]) && ids.has(w.target[0]))
  if (incoming.length) clip.incoming = incoming
  const boxes = body.frames.list().filter((frame) => frames.has(frame.id))
  if (boxes.length) clip.frames = boxes
  const groups = neededGroups(graph, picked)
  if (groups.length) clip.groups = groups
  return clip
}

function neededGroups(graph: Graph, nodes: readonly NodeDoc[]): GroupDoc[] {
  const found = new Map<string, GroupDoc>()
  const pending = [...nodes]
  while (pending.length) {
    const id = pending.pop()!.values?.group
    if (typeof id !== 'string' || found.has(id)) continue
    const doc = graph.groupDoc(id)
    if (!doc) continue
    found.set(id, doc)
    pending.push(...(doc.nodes ?? []))
  }
  return [...found.values()]
}

/** Read a clip from text; null when it is something else. */
export function readClip(text: string): Clip | null {
  try {
    const clip = JSON.parse(text) as Clip
    const sound = clip?.kind === CLIP && Array.isArray(clip.nodes) && Array.isArray(clip.wires)
    return sound && clip.nodes.every((node) => typeof node?.id === 'string' && typeof node.kind === 'string') ? clip : null
  } catch {
    return null
  }
}

export interface Pasted {
  nodes: string[]
  frames: string[]
}

/** Paste a clip so that its top left corner lies at `at`; every record gets a new id. `links` keeps wires that came in from outside. */
export function paste(draft: Draft, clip: Clip, at: { x: number; y: number }, links = false): Pasted {
  const body = draft.body
  const mint = minter(body, draft.graph)
  const corner = cornerOf(clip)
  const shift = <L extends { x?: number; y?: number }>(look: L | undefined): L =>
    ({ ...look, x: Math.round((look?.x ?? 0) - corner.x + at.x), y: Math.round((look?.y ?? 0) - corner.y + at.y) }) as L
  const groups = pasteGroups(draft, clip)
  const frames = new Map<string, string>()
  for (const frame of clip.frames ?? []) {
    const id = mint.frame()
    frames.set(frame.id, id)
    draft.addFrame({ ...frame, id, frame: frames.get(frame.frame ?? '') ?? undefined, look: shift(frame.look) })
  }
  const ids = new Map<string, string>()
  for (const node of clip.nodes) {
    const id = mint.node()
    ids.set(node.id, id)
    const group = node.values?.group
    const values = typeof group === 'string' && groups.has(group) ? { ...node.values, group: groups.get(group)! } : node.values
    const pasted: NodeDoc = { ...node, id, look: shift(node.look) }
    if (values) pasted.values = values
    const frame = frames.get(node.frame ?? '')
    if (frame) pasted.frame = frame
    else delete pasted.frame
    draft.addNode(pasted)
  }
  const move = (wire: WireDoc): WireDoc => {
    const via = wire.look?.via?.map(([x, y]): [number, number] => [x - corner.x + at.x, y - corner.y + at.y])
    return { ...wire, ...(via && { look: { ...wire.look, via } }) }
  }
  for (const wire of clip.wires) {
    const [source, target] = [ids.get(wire.source[0]), ids.get(wire.target[0])]
    if (source && target) draft.addWire({ ...move(wire), id: mint.wire(), source: [source, wire.source[1]], target: [target, wire.target[1]] })
  }
  if (links)
    for (const wire of clip.incoming ?? []) {
      const target = ids.get(wire.target[0])
      if (target && body.nodes.has(wire.source[0])) draft.addWire({ ...wire, look: undefined, id: mint.wire(), target: [target, wire.target[1]] })
    }
  return { nodes: [...ids.values()], frames: [...frames.values()] }
}

function cornerOf(clip: Clip): { x: number; y: number } {
  const looks = [...clip.nodes, ...(clip.frames ?? [])].map((item) => item.look ?? {})
  return { x: Math.min(...looks.map((look) => look.x ?? 0)), y: Math.min(...looks.map((look) => look.y ?? 0)) }
}

/** Bring the clip's groups along. One that is here already with the same content is shared, else it gets a new id. */
function pasteGroups(draft: Draft, clip: Clip): Map<string, string> {
  const ids = new Map<string, string>()
  const fresh: GroupDoc[] = []
  for (const group of clip.groups ?? []) {
    const here = draft.graph.groupDoc(group.id)
    if (here && JSON.stringify(here) === JSON.stringify(group)) ids.set(group.id, group.id)
    else {
      let id = here ? '' : group.id
      for (let n = 1; !id; n++) if (!draft.graph.groups.has(`g${n}`) && ![...ids.values()].includes(`g${n}`)) id = `g${n}`
      ids.set(group.id, id)
      fresh.push(group)
    }
  }
  for (const group of fresh) {
    const nodes = group.nodes?.map((node) => {
      const used = node.values?.group
      return typeof used === 'string' && ids.has(used) ? { ...node, values: { ...node.values, group: ids.get(used)! } } : node
    })
    draft.addGroup({ ...group, id: ids.get(group.id)!, ...(nodes && { nodes }) })
  }
  return ids
}
