import type { GraphProblem } from './problem'

export interface Page<T> {
  items: T[]
  next?: string | null
}
export interface User {
  id: string
  name: string
  role: 'owner' | 'member'
  preferences: Preferences
  created_at?: string | null
}
/** What a person chose; kept on the server, free to grow. */
export interface Preferences {
  locale?: string
  theme?: 'light' | 'dark' | 'auto'
  [key: string]: unknown
}
export interface Project {
  id: string
  name: string
  description: string
  created_at: string
  updated_at: string
  trashed_at: string | null
  workflow_count: number
}
export interface WorkflowSummary {
  id: string
  project_id: string
  name: string
  description: string
  version: number
  created_at: string
  updated_at: string
  trashed_at: string | null
}
export type GraphJson = Record<string, unknown>
export interface Workflow extends WorkflowSummary {
  graph: GraphJson
}
export interface VersionSummary {
  version: number
  created_at: string
  author: string
  note: string
  node_count: number
}
export interface Version extends VersionSummary {
  graph: GraphJson
}
export interface PartsDiff {
  added: string[]
  removed: string[]
  changed: { id: string; fields: string[] }[]
}
export interface Diff {
  nodes: PartsDiff
  wires: PartsDiff
  frames: PartsDiff
  groups: PartsDiff
  interface: string[]
}
export interface TrashItem {
  id: string
  kind: 'project' | 'workflow'
  name: string
  project_id: string | null
  trashed_at: string
}
export interface Example {
  id: string
  title: string
  description: string
  words: Record<string, { title: string; description: string }>
  icon: string
  nodes: number
}
export type RunState = 'queued' | 'running' | 'waiting' | 'ok' | 'failed' | 'cancelled'
export interface RunProblem {
  path?: string
  type?: string
  message?: string
  retryable?: boolean
  attempt?: number
  code?: string
  hint?: string
  params?: Record<string, unknown>
}
export interface RunSummary {
  id: string
  workflow_id: string | null
  workflow_name: string | null
  version: number | null
  state: RunState
  created_at: string
  started_at: string | null
  ended_at: string | null
  duration_ms: number | null
  tokens: number | null
  error: RunProblem | null
  source: 'canvas' | 'http' | 'cli' | 'ws'
}
export interface RunWait {
  path: string
  token: string
  title: string
  schema: Record<string, unknown>
  shown?: unknown
  audience?: string
  expires_at?: number | null
}
export interface RunNode {
  state: string
  ms?: number | null
  outputs?: Record<string, unknown>
  error?: RunProblem
  reason?: string
  cached?: boolean
  cut?: boolean
  [extra: string]: unknown
}
export interface Run extends RunSummary {
  inputs: Record<string, unknown>
  outputs: Record<string, unknown> | null
  errors: RunProblem[] | null
  seq: number
  nodes: Record<string, RunNode>
  texts: Record<string, { epoch: number; text: string }>
  waits: RunWait[]
  graph: GraphJson
  usage: unknown
}
export interface RunRequest {
  workflow_id?: string
  graph?: GraphJson
  version?: number
  inputs?: Record<string, unknown>
  targets?: string[]
  run_from?: string
  only?: string
  mode?: 'finish' | 'fail_fast'
  reuse?: 'never' | 'session'
  session?: string
  again?: boolean
  deadline_s?: number
}
export interface RunStarted {
  id: string
  state: RunState
  position: number | null
}
export interface NodeDetail {
  path: string
  state: string
  inputs: Record<string, unknown>
  outputs: Record<string, unknown>
}
export interface Queue {
  running: { id: string; workflow_id?: string | null; workflow_name?: string | null }[]
  queued: { id: string; workflow_id?: string | null; workflow_name?: string | null; position: number }[]
}
export type Provider = 'demo' | 'openai-compatible'
export interface Channel {
  id: string
  name: string
  provider: Provider
  base_url: string
  headers: Record<string, string>
  enabled: boolean
  has_key: boolean
  created_at?: string | null
}
export interface NewChannel {
  name: string
  provider: Provider
  base_url?: string
  key?: string
  headers?: Record<string, string>
  enabled?: boolean
}
export type ChannelChange = Partial<Omit<NewChannel, 'provider'>>
export interface ChannelTest {
  ok: boolean
  latency_ms?: number | null
  model?: string | null
  reply?: string | null
  problem?: { code: string; message?: string; title?: string; detail?: string; hint?: string; params?: Record<string, unknown> } | null
}
export interface DiscoveredModel {
  name: string
  capabilities: string[]
}
export interface Model {
  id: string
  channel_id: string
  channel_name: string
  name: string
  capabilities: string[]
  enabled: boolean
}
export interface FileEntry {
  uri: string
  name: string
  kind: 'file' | 'folder'
  size_bytes: number | null
  media_type: string | null
  modified_at: string | null
}
export interface Catalogue {
  kinds: Record<string, unknown>[]
  digest: string
}
export interface Validation {
  problems: GraphProblem[]
}
