import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, toValue, type MaybeRefOrGetter } from 'vue'
import { body, http } from './client'
import type { Diff, Example, GraphJson, Page, Version, VersionSummary, Workflow, WorkflowSave, WorkflowSummary } from './types'

const path = (workflow_id: string) => ({ params: { path: { workflow_id } } })
type Id = MaybeRefOrGetter<string>

/** The query for the workflows of a project, the latest first. */
export const workflowsOf = (project: Id) => ({
  queryKey: ['workflows', 'of', project],
  enabled: () => !!toValue(project),
  queryFn: () => body<Page<WorkflowSummary>>(http.GET('/api/projects/{project_id}/workflows', { params: { path: { project_id: toValue(project) }, query: { limit: 200 } } })),
})

/** Workflows of a project, the latest first. */
export const useWorkflows = (project: Id) => useQuery(workflowsOf(project))

/** One workflow with the graph of its newest version. */
export const useWorkflow = (id: Id) => useQuery({ queryKey: ['workflows', id], queryFn: () => getWorkflow(toValue(id)) })

/** A workflow that may be gone: null then, without a failure. */
export function useWorkflowMaybe(id: MaybeRefOrGetter<string | null>) {
  const { data } = useQuery({ queryKey: ['workflows', id], enabled: () => !!toValue(id), retry: false, queryFn: () => getWorkflow(toValue(id) ?? '') })
  return computed(() => (data.value && !data.value.trashed_at ? data.value : null))
}

/** Asks the server for a workflow now. */
export const getWorkflow = (id: string) => body<Workflow>(http.GET('/api/workflows/{workflow_id}', path(id)))

/** Saves a version. Refused with `workflow.conflict` when somebody saved a newer one meanwhile. */
export const saveWorkflow = (id: string, save: WorkflowSave) => body<Workflow>(http.PUT('/api/workflows/{workflow_id}', { ...path(id), body: save }))

/** Versions of a workflow, the newest first, a page at a time. */
export const useVersions = (id: Id) =>
  useInfiniteQuery({
    queryKey: ['workflows', id, 'versions'],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam }) =>
      body<Page<VersionSummary>>(http.GET('/api/workflows/{workflow_id}/versions', { params: { path: { workflow_id: toValue(id) }, query: { cursor: pageParam ?? undefined } } })),
    getNextPageParam: (last) => last.next ?? null,
  })

/** One saved version with its graph. */
export const getVersion = (id: string, number: number) =>
  body<Version>(http.GET('/api/workflows/{workflow_id}/versions/{number}', { params: { path: { workflow_id: id, number } } }))

/** Makes an old version the newest one, as a new version. */
export const restoreVersion = (id: string, number: number, base: number) =>
  body<Workflow>(http.POST('/api/workflows/{workflow_id}/versions/{number}/restore', { params: { path: { workflow_id: id, number } }, body: { base_version: base } }))

/** The difference of two versions. */
export const getDiff = (id: string, from: number, to: number) =>
  body<Diff>(http.GET('/api/workflows/{workflow_id}/diff', { params: { path: { workflow_id: id }, query: { from, to } } }))

/** A workflow as one JSON document. */
export const exportWorkflow = (id: string) => body<unknown>(http.GET('/api/workflows/{workflow_id}/export', path(id)))

/** What can be done to workflows. Every verb refreshes the lists it touches. */
export function useWorkflowChanges() {
  const client = useQueryClient()
  const onSuccess = () => Promise.all(['workflows', 'projects', 'trash'].map((key) => client.invalidateQueries({ queryKey: [key] })))
  return {
    create: useMutation({
      mutationFn: ({ project, ...form }: { project: string; name: string; description?: string; graph?: GraphJson }) =>
        body<Workflow>(http.POST('/api/projects/{project_id}/workflows', { params: { path: { project_id: project } }, body: form })),
      onSuccess,
    }),
    change: useMutation({
      mutationFn: ({ id, ...form }: { id: string; name?: string; description?: string }) => body<Workflow>(http.PATCH('/api/workflows/{workflow_id}', { ...path(id), body: form })),
      onSuccess,
    }),
    copy: useMutation({
      mutationFn: ({ id, ...form }: { id: string; name: string; project_id?: string; graph?: GraphJson }) =>
        body<Workflow>(http.POST('/api/workflows/{workflow_id}/copy', { ...path(id), body: form })),
      onSuccess,
    }),
    discard: useMutation({ mutationFn: (id: string) => body(http.DELETE('/api/workflows/{workflow_id}', path(id))), onSuccess }),
    restore: useMutation({ mutationFn: (id: string) => body(http.POST('/api/workflows/{workflow_id}/restore', path(id))), onSuccess }),
    bring: useMutation({
      mutationFn: ({ project, bundle }: { project: string; bundle: Record<string, unknown> }) =>
        body<Workflow>(http.POST('/api/projects/{project_id}/workflows/import', { params: { path: { project_id: project } }, body: bundle })),
      onSuccess,
    }),
  }
}

/** The workflows that open from the start page. */
export const useExamples = () => useQuery({ queryKey: ['examples'], queryFn: () => body<Page<Example>>(http.GET('/api/examples')), staleTime: Infinity })

/** Puts a copy of an example into a project and returns it. */
export function useOpenExample() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ id, project }: { id: string; project?: string }) =>
      body<Workflow>(http.POST('/api/examples/{example_id}/open', { params: { path: { example_id: id } }, body: { project_id: project } })),
    onSuccess: () => Promise.all(['workflows', 'projects'].map((key) => client.invalidateQueries({ queryKey: [key] }))),
  })
}
