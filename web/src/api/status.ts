import { useQuery } from '@tanstack/vue-query'
import { body, http } from './client'
import type { Deployed, ServerHistory, ServerStatus } from './types'

const often = { retry: 1, staleTime: 0 }

/** This server as it is now, asked again every 5 s while the page is seen (owner only). */
export const useServerStatus = () => useQuery({ queryKey: ['status'], queryFn: () => body<ServerStatus>(http.GET('/api/status')), refetchInterval: 5_000, ...often })

/** The last hour of this server, asked again as often as it gets a row. */
export const useServerHistory = () => useQuery({ queryKey: ['status', 'history'], queryFn: () => body<ServerHistory>(http.GET('/api/status/history')), refetchInterval: 10_000, ...often })

/** What deployments keep on this host. */
export const useDeployed = () => useQuery({ queryKey: ['status', 'releases'], queryFn: () => body<Deployed>(http.GET('/api/status/releases')), refetchInterval: 15_000, ...often })
