import { addCollection, buildIcon, getIcon } from '@iconify/vue'
import collection from 'virtual:editor-icons'

addCollection(collection)

const known = new Map<string, string>()
const BOX = '<rect x="4" y="4" width="16" height="16" rx="3" fill="none" stroke="currentColor" stroke-width="2"/>'

/** The inside of a lucide icon as SVG markup; a plain box for one that is not in the bundle. Icons are ours: the markup is safe. */
export function iconMarkup(name: string | undefined): string {
  const id = (name || 'box').replace(/^i-lucide-|^lucide:/, '')
  let markup = known.get(id)
  if (markup === undefined) {
    const icon = getIcon(`lucide:${id}`)
    markup = icon ? buildIcon(icon).body : BOX
    if (icon) known.set(id, markup)
  }
  return markup
}
