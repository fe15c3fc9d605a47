/** The sentence of a problem in the person's language, else in English as the server words it. */
export function problemText(
  problem: { code?: string; message?: string; detail?: string; title?: string; params?: Record<string, unknown> },
  t: (key: string, params: Record<string, unknown>) => string,
  te: (key: string) => boolean,
): string {
  const key = `problems.${problem.code}`
  if (problem.code && te(key)) return t(key, problem.params ?? {})
  return problem.message ?? problem.detail ?? problem.title ?? problem.code ?? ''
}
