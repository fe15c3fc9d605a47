import { useToast } from '@nuxt/ui/composables'
import { ApiFailure } from '@/api/problem'
import { useProblemWords } from './problem'

/** Short notices. A failure is told here only as an echo of what its place in the page already shows. */
export function useNotice() {
  const toast = useToast()
  const { wordError } = useProblemWords()
  return {
    done: (title: string) => toast.add({ title, color: 'success', icon: 'i-lucide-check' }),
    /** Something was done that can be taken back. */
    undoable: (title: string, undo: string, onUndo: () => void) => toast.add({ title, icon: 'i-lucide-check', duration: 8000, actions: [{ label: undo, color: 'neutral', variant: 'outline', onClick: onUndo }] }),
    /** The failure of a chosen file that is not JSON. */
    notJson: () => new ApiFailure({ code: 'client.not_json', title: 'This file is not JSON', status: 0 }),
    failed: (error: unknown) => {
      const { happened, advice } = wordError(error)
      toast.add({ title: happened, description: advice, color: 'error', icon: 'i-lucide-circle-alert', duration: 10_000 })
    },
  }
}
