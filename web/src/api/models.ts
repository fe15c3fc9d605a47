import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { body, http } from './client'
import type { Channel, ChannelChange, ChannelTest, DiscoveredModel, Model, NewChannel, Page } from './types'

const path = (channel_id: string) => ({ params: { path: { channel_id } } })

/** All channels to model providers; keys are never among what the server returns. */
export const useChannels = () => useQuery({ queryKey: ['channels'], queryFn: () => body<Page<Channel>>(http.GET('/api/channels')) })

/** Models of all enabled channels. */
export const useModels = () => useQuery({ queryKey: ['models'], queryFn: () => body<Page<Model>>(http.GET('/api/models')) })

/** What can be done to channels. */
export function useChannelChanges() {
  const client = useQueryClient()
  const onSuccess = () => Promise.all(['channels', 'models'].map((key) => client.invalidateQueries({ queryKey: [key] })))
  return {
    create: useMutation({ mutationFn: (form: NewChannel) => body<Channel>(http.POST('/api/channels', { body: form })), onSuccess }),
    change: useMutation({
      mutationFn: ({ id, ...form }: ChannelChange & { id: string }) => body<Channel>(http.PATCH('/api/channels/{channel_id}', { ...path(id), body: form })),
      onSuccess,
    }),
    remove: useMutation({ mutationFn: (id: string) => body(http.DELETE('/api/channels/{channel_id}', path(id))), onSuccess }),
  }
}

/** Makes a real call to the provider and says what came of it. */
export const testChannel = (id: string) => body<ChannelTest>(http.POST('/api/channels/{channel_id}/test', path(id)))

/** Asks the provider which models it has. */
export function useDiscovery() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async (id: string) => (await body<{ models: DiscoveredModel[] }>(http.POST('/api/channels/{channel_id}/discover', path(id)))).models,
    onSuccess: () => Promise.all(['channels', 'models'].map((key) => client.invalidateQueries({ queryKey: [key] }))),
  })
}
