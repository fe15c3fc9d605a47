import { shallowRef } from 'vue'

/** A question that must be answered before something is done. */
export interface Question {
  title: string
  text: string
  action: string
  danger?: boolean
}

/** The question now asked, for `ConfirmHost`. */
export const asked = shallowRef<(Question & { answer: (yes: boolean) => void }) | null>(null)

/** Asks and waits for the answer. A second question answers the first with no. */
export function confirm(question: Question): Promise<boolean> {
  asked.value?.answer(false)
  return new Promise((resolve) => {
    asked.value = {
      ...question,
      answer: (yes) => {
        asked.value = null
        resolve(yes)
      },
    }
  })
}
