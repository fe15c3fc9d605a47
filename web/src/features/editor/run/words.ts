/** Short forms for people: durations and values. */

/** `820 ms`, `3.4 s`, `2 m 05 s`. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return ''
  if (ms < 10) return `${Math.round(ms * 10) / 10} ms`
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  return `${Math.floor(ms / 60_000)} m ${String(Math.floor((ms % 60_000) / 1000)).padStart(2, '0')} s`
}

const GLANCE = 400

/** A value on one line or in a few, short enough for a node. */
export function glance(value: unknown): string {
  if (value === undefined) return ''
  if (typeof value === 'string') return value.length > GLANCE ? value.slice(0, GLANCE) + '…' : value
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value)
  const message = messageText(value)
  if (message !== null) return glance(message)
  const text = JSON.stringify(value) ?? ''
  return text.length > GLANCE ? text.slice(0, GLANCE) + '…' : text
}

/** The text of a chat message value, or null. */
function messageText(value: unknown): string | null {
  if (!value || typeof value !== 'object' || !('role' in value)) return null
  const { content } = value as { content?: unknown }
  return typeof content === 'string' ? content : null
}

/** The address of a file reference (`user://…`) in a value, or null. */
export function fileUri(value: unknown): string | null {
  const uri = typeof value === 'string' ? value : value && typeof value === 'object' && 'uri' in value ? (value as { uri: unknown }).uri : null
  return typeof uri === 'string' && /^(user|shared|project):\/\//.test(uri) ? uri : null
}

/** Where the content of a file reference is read. */
export function contentUrl(uri: string): string {
  return `/api/files/content?uri=${encodeURIComponent(uri)}`
}
