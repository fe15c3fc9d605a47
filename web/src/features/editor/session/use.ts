import { inject, provide, type InjectionKey } from 'vue'
import type { EditorSession } from './session'

const KEY: InjectionKey<EditorSession> = Symbol('editor session')

export function provideSession(session: EditorSession): void {
  provide(KEY, session)
}

/** The session of the workflow around this component. */
export function useSession(): EditorSession {
  const session = inject(KEY)
  if (!session) throw new Error('no editor session around this component')
  return session
}
