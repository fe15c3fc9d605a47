import type { RunProblem, RunState, RunWait } from '@/lib/runs/events'
import type { Snapshot } from '@/lib/runs/fold'
import type { components } from './schema'

type S = components['schemas']

export type { RunProblem, RunState, RunWait } from '@/lib/runs/events'

/** A graph document on its way over the wire. */
export type GraphJson = S['Graph']
export interface Page<T> {
  items: T[]
  next?: string | null
}

/** What a person chose; kept on the server, free to grow. */
export interface Preferences {
  locale?: string
  theme?: 'light' | 'dark' | 'auto'
  [key: string]: unknown
}
export type User = Omit<S['User'], 'preferences'> & { preferences?: Preferences }
export type LoginPlace = S['LoginPlace']
export type Release = S['Release']
export type ServerStatus = S['Status']
export type ServerHistory = S['History']
export type Deployed = Required<S['Deployed']>

export type Project = S['Project']
export type WorkflowSummary = S['WorkflowSummary']
export type Workflow = S['Workflow']
export type WorkflowSave = S['WorkflowSave']
export type VersionSummary = S['VersionSummary']
export type Version = S['Version']
export type Diff = S['Diff']
export type TrashItem = S['TrashItem']
export type Example = Omit<S['Example'], 'words'> & { words: Record<string, { title: string; description: string }> }

export type RunRequest = S['RunRequest']
export type RunStarted = S['RunStarted']
export type RunSummary = Omit<S['RunSummary'], 'error'> & { error: RunProblem | null }
/** A whole run: a summary, a snapshot that events continue, and the graph that ran. */
export type Run = RunSummary & Snapshot & { state: RunState; inputs: Record<string, unknown>; waits: RunWait[]; graph: GraphJson; usage?: unknown }
export type NodeDetail = S['NodeDetail']
export type Queue = S['Queue']

export type Channel = S['Channel']
export type NewChannel = S['NewChannel']
export type ChannelChange = S['ChannelChange']
export type ChannelTest = Omit<S['ChannelTest'], 'problem'> & { problem?: CallProblem | null }
/** Why a call to a provider failed. */
export interface CallProblem {
  code: string
  title?: string
  message?: string
  detail?: string
  hint?: string
  params?: Record<string, unknown>
}
export type DiscoveredModel = S['ChannelModel']
export type Model = S['Model']

export type FileEntry = S['Entry']
export type Catalogue = S['Catalogue']
export type Kind = S['Kind']
