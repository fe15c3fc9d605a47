import type { RouteLocationNormalized, RouteLocationRaw } from 'vue-router'
import { currentSession } from '@/api/session'

/** Sends a visitor without a session to the login page, and back to where they wanted to go once they are in. */
export async function guard(to: RouteLocationNormalized): Promise<RouteLocationRaw | boolean> {
  if (to.meta.open) return true
  const session = await currentSession()
  if (session !== 'nobody') return true
  return { name: 'login', query: to.fullPath === '/' ? {} : { next: to.fullPath } }
}
