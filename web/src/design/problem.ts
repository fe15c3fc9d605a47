import { useI18n } from 'vue-i18n'
import { problemOf, type Problem } from '@/api/problem'

/** A problem in the reader's language: what happened, and what to do about it. */
export interface WordedProblem {
  happened: string
  advice: string
  code: string
}

type Wordable = Pick<Problem, 'code'> & Partial<Problem> & { message?: string }

/** Words problems by their code; a code we have no words for is told in the server's English rather than hidden. */
export function useProblemWords() {
  const { t, te } = useI18n()
  const word = (problem: Wordable): WordedProblem => {
    const key = `problems.${problem.code}`
    const params = { ...problem.params, said: problem.detail || problem.message || problem.title || '' } as Record<string, string | number>
    const known = te(`${key}.happened`)
    return {
      code: problem.code,
      happened: known ? t(`${key}.happened`, params) : problem.detail || problem.message || problem.title || t('problems.client.bug.happened'),
      advice: te(`${key}.do`) ? t(`${key}.do`, params) : known ? '' : (problem.hint ?? ''),
    }
  }
  return { word, wordError: (error: unknown) => word(problemOf(error)) }
}
