/** Those who hold something that is not saved yet, and how they save it. */
const keepers = new Set<() => Promise<boolean>>()

/** Asks `save` before the page is left on purpose. It resolves to whether all is saved. */
export function keepBeforeLeaving(save: () => Promise<boolean>): void {
  keepers.add(save)
}

/** Saves everything; false when something could not be saved, and leaving would lose it. */
export async function keepAll(): Promise<boolean> {
  const outcomes = await Promise.all([...keepers].map((save) => save().catch(() => false)))
  return outcomes.every(Boolean)
}
