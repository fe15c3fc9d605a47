import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { toValue, type MaybeRefOrGetter } from 'vue'
import { body, http } from './client'
import type { Page, Project, TrashItem } from './types'

/** All projects, the latest first. */
export const useProjects = () => useQuery({ queryKey: ['projects'], queryFn: () => body<Page<Project>>(http.GET('/api/projects', { params: { query: { limit: 200 } } })) })

/** One project. */
export const useProject = (id: MaybeRefOrGetter<string>) =>
  useQuery({ queryKey: ['projects', id], queryFn: () => body<Project>(http.GET('/api/projects/{project_id}', { params: { path: { project_id: toValue(id) } } })) })

/** What can be done to projects. Every verb refreshes the lists it touches. */
export function useProjectChanges() {
  const client = useQueryClient()
  const onSuccess = () => Promise.all(['projects', 'trash', 'workflows'].map((key) => client.invalidateQueries({ queryKey: [key] })))
  const path = (project_id: string) => ({ params: { path: { project_id } } })
  return {
    create: useMutation({ mutationFn: (form: { name: string; description?: string }) => body<Project>(http.POST('/api/projects', { body: form })), onSuccess }),
    change: useMutation({
      mutationFn: ({ id, ...form }: { id: string; name?: string; description?: string }) => body<Project>(http.PATCH('/api/projects/{project_id}', { ...path(id), body: form })),
      onSuccess,
    }),
    discard: useMutation({ mutationFn: (id: string) => body(http.DELETE('/api/projects/{project_id}', path(id))), onSuccess }),
    restore: useMutation({ mutationFn: (id: string) => body(http.POST('/api/projects/{project_id}/restore', path(id))), onSuccess }),
    bring: useMutation({ mutationFn: (bundle: Record<string, unknown>) => body<Project>(http.POST('/api/projects/import', { body: bundle })), onSuccess }),
  }
}

/** A project as one JSON document. */
export const exportProject = (project_id: string) => body<unknown>(http.GET('/api/projects/{project_id}/export', { params: { path: { project_id } } }))

/** Everything in the trash, the latest first. */
export const useTrash = () => useQuery({ queryKey: ['trash'], queryFn: () => body<Page<TrashItem>>(http.GET('/api/trash', { params: { query: { limit: 200 } } })) })

/** Deletes something in the trash for good. */
export function usePurge() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (item_id: string) => body(http.DELETE('/api/trash/{item_id}', { params: { path: { item_id } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['trash'] }),
  })
}
