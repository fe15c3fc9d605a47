import DOMPurify from 'dompurify'
import { marked } from 'marked'

/** A piece of Markdown that renders on its own: a paragraph, a list, a fence. `key` changes only when its text does. */
export interface Block {
  key: string
  html: string
}

const CLEAN = {
  ALLOWED_TAGS: [
    'a', 'b', 'blockquote', 'br', 'code', 'del', 'details', 'div', 'em', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'hr', 'i', 'img', 'input', 'kbd', 'li', 'mark', 'ol', 'p', 'pre',
    's', 'span', 'strong', 'sub', 'summary', 'sup', 'table', 'tbody', 'td', 'tfoot', 'th', 'thead', 'tr', 'u', 'ul',
  ],
  ALLOWED_ATTR: ['align', 'alt', 'checked', 'class', 'colspan', 'disabled', 'href', 'open', 'rowspan', 'src', 'start', 'title', 'type'],
  // Our own files, images in the text itself, and links people may click; never a remote picture that reports who reads.
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|data:image\/(?:png|jpeg|gif|webp);base64,|\/|#)/i,
  ALLOW_DATA_ATTR: false,
}

let hooked = false

function hook(): void {
  if (hooked) return
  hooked = true
  DOMPurify.addHook('afterSanitizeAttributes', (element) => {
    if (element.tagName === 'A') {
      element.setAttribute('target', '_blank')
      element.setAttribute('rel', 'noopener noreferrer nofollow')
    }
    if (element.tagName === 'IMG' && /^https?:/i.test(element.getAttribute('src') ?? '')) element.removeAttribute('src')
    if (element.tagName === 'INPUT' && element.getAttribute('type') !== 'checkbox') element.remove()
  })
}

/** Markdown as clean HTML. Nothing in it can run, frame, style or fetch from another host. */
export function render(markdown: string): string {
  hook()
  return DOMPurify.sanitize(marked.parse(markdown, { async: false, gfm: true, breaks: true }), CLEAN)
}

/** Makes a renderer that keeps what it has rendered: while text grows at its end, only the last block is rendered again. */
export function blocks(): (markdown: string) => Block[] {
  let known: { raw: string; block: Block }[] = []
  return (markdown) => {
    const raws = split(markdown)
    known = raws.map((raw, at) => (known[at]?.raw === raw ? known[at] : { raw, block: { key: `${at}:${raw.length}`, html: render(raw) } }))
    return known.map(({ block }) => block)
  }
}

/** Top-level blocks of a text, each with the blank lines after it. Definitions of links are given to every block that needs them. */
function split(markdown: string): string[] {
  const raws: string[] = []
  const definitions: string[] = []
  for (const token of marked.lexer(markdown, { gfm: true, breaks: true })) {
    if (token.type === 'space') continue
    if (token.type === 'def') definitions.push(token.raw)
    else raws.push(token.raw)
  }
  return definitions.length ? raws.map((raw) => (/\[/.test(raw) ? `${raw}\n\n${definitions.join('\n')}` : raw)) : raws
}
