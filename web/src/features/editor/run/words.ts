/** Short forms of values for people. */

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
