import { isLocale, type Locale } from '.'

const KEY = 'comfytavern.locale'

/** The language last used in this browser: what is shown before the server's preferences are known. */
export function savedLocale(): Locale | null {
  try {
    const tag = localStorage.getItem(KEY)
    return isLocale(tag) ? tag : null
  } catch {
    return null // storage is off
  }
}

/** Remembers the language in this browser. */
export function saveLocale(locale: Locale): void {
  try {
    localStorage.setItem(KEY, locale)
  } catch {
    // storage is off: the server's preferences still know it
  }
}
