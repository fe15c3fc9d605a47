import { computed, type Ref } from 'vue'

/** A list value as a list, whatever it holds now, with the verbs every list editor has. */
export function useList<T>(value: Ref<unknown>, fresh: (items: readonly T[]) => T) {
  const items = computed<T[]>(() => (Array.isArray(value.value) ? (value.value as T[]) : []))
  const put = (next: T[]) => void (value.value = next)
  return {
    items,
    set: (index: number, item: T) => put(items.value.map((old, i) => (i === index ? item : old))),
    add: () => put([...items.value, fresh(items.value)]),
    remove: (index: number) => put(items.value.filter((_, i) => i !== index)),
    move: (index: number, by: number) => {
      const next = [...items.value]
      const [item] = next.splice(index, 1)
      if (item !== undefined) next.splice(Math.max(0, Math.min(next.length, index + by)), 0, item)
      put(next)
    },
  }
}
