import { useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed } from 'vue'
import { body, http } from './client'
import { ApiFailure } from './problem'
import { queries } from './queries'
import type { LoginPlace, Page, Preferences, User } from './types'

const KEY = ['session']
type Session = User | 'nobody'

/** Asks who is logged in. `nobody` is an answer, not a failure. */
async function ask(): Promise<Session> {
  try {
    return (await body<{ user: User }>(http.GET('/api/session'))).user
  } catch (error) {
    if (error instanceof ApiFailure && error.problem.status === 401) return 'nobody'
    throw error
  }
}

/** Who is logged in, for the router; null when the server cannot say now. */
export async function currentSession(): Promise<Session | null> {
  const known = queries.getQueryData<Session>(KEY)
  if (known && known !== 'nobody') return known
  try {
    return await queries.fetchQuery({ queryKey: KEY, queryFn: ask, staleTime: 0, retry: false })
  } catch {
    return null
  }
}

/** The person logged in, or null. */
export function useMe() {
  const { data } = useQuery({ queryKey: KEY, queryFn: ask, staleTime: 60_000 })
  return computed<User | null>(() => (data.value && data.value !== 'nobody' ? data.value : null))
}

function enter(user: User): User {
  queries.clear()
  queries.setQueryData(KEY, user)
  return user
}

/** Logs in; everything cached for somebody else is forgotten. */
export const useLogin = () =>
  useMutation({ mutationFn: async (form: { name: string; password: string }) => enter((await body<{ user: User }>(http.POST('/api/login', { body: form }))).user) })

/** Creates the owner with the one-time token and logs in. */
export const useSetup = () =>
  useMutation({
    mutationFn: async (form: { token: string; name: string; password: string }) => enter((await body<{ user: User }>(http.POST('/api/setup', { body: form }))).user),
  })

/** Whether the owner has still to be created. */
export const useSetupState = () => useQuery({ queryKey: ['setup'], queryFn: () => body<{ needed: boolean }>(http.GET('/api/setup')), staleTime: 0 })

/** Ends the session. */
export const useLogout = () =>
  useMutation({
    mutationFn: () => body(http.POST('/api/logout')),
    onSettled: () => {
      queries.clear()
      queries.setQueryData(KEY, 'nobody')
    },
  })

/** Forgets who was logged in, because the server no longer knows. */
export function forgetSession(): void {
  queries.setQueryData(KEY, 'nobody')
}

/** Saves preferences on the server; the page shows them at once and takes them back when saving fails. */
export function usePreferences() {
  const client = useQueryClient()
  const me = useMe()
  const save = useMutation({
    mutationFn: (change: Preferences) => body(http.PUT('/api/session/preferences', { body: { ...me.value?.preferences, ...change } })),
    onMutate: (change) => {
      const before = client.getQueryData<Session>(KEY)
      if (before && before !== 'nobody') client.setQueryData(KEY, { ...before, preferences: { ...before.preferences, ...change } })
      return { before }
    },
    onError: (_error, _change, context) => client.setQueryData(KEY, context?.before),
  })
  return { preferences: computed<Preferences>(() => me.value?.preferences ?? {}), save }
}

/** Replaces one's own password. */
export const usePasswordChange = () => useMutation({ mutationFn: (form: { old: string; new: string }) => body(http.PUT('/api/session/password', { body: form })) })

/** Everybody who may log in (owner only). */
export const useUsers = () => useQuery({ queryKey: ['users'], queryFn: () => body<Page<User>>(http.GET('/api/users')) })

/** Adds and removes people. */
export function useUserChanges() {
  const client = useQueryClient()
  const onSuccess = () => client.invalidateQueries({ queryKey: ['users'] })
  return {
    add: useMutation({ mutationFn: (form: { name: string; password: string; role: User['role'] }) => body<User>(http.POST('/api/users', { body: form })), onSuccess }),
    remove: useMutation({ mutationFn: (id: string) => body(http.DELETE('/api/users/{user_id}', { params: { path: { user_id: id } } })), onSuccess }),
  }
}

/** Where one is logged in. */
export const usePlaces = () => useQuery({ queryKey: ['sessions'], queryFn: () => body<Page<LoginPlace>>(http.GET('/api/sessions')) })

/** Logs out somewhere else. */
export function useLogoutElsewhere() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (session_id: string) => body(http.DELETE('/api/sessions/{session_id}', { params: { path: { session_id } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['sessions'] }),
  })
}
