import { useQuery } from '@tanstack/vue-query'
import { body, http } from './client'
import type { Release } from './types'

/** Name and version of what is installed. */
export const useRelease = () => useQuery({ queryKey: ['version'], queryFn: () => body<Release>(http.GET('/version')), staleTime: Infinity })
