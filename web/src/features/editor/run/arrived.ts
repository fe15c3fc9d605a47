import type { EditorSession } from '../session/session'

/** What reached the input `port` of a node of the shown body so far: a final output of the run, else what its source has made, text as it streams. */
export function arrived(session: EditorSession, node: string, port: string): { value: unknown; live: boolean } {
  const { outputs } = session.lens.view.value
  const final = !session.path.value.length && session.body.nodes.get(node)?.kind === 'graph.output'
  if (final && outputs && port in outputs) return { value: outputs[port], live: false }
  const [wire] = session.body.into(node, port)
  if (!wire) return { value: undefined, live: false }
  const source = session.lens.of(session.runPath(wire.source[0])).value
  const live = source?.texts[wire.source[1]]
  return live === undefined ? { value: source?.node.outputs?.[wire.source[1]], live: false } : { value: live, live: source?.state === 'streaming' }
}

/** What the run was given for an input of the whole graph; inside of groups nobody says. */
export function given(session: EditorSession, port: string): unknown {
  return session.path.value.length ? undefined : session.lens.given.value[port]
}
