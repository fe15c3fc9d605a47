import { createI18n } from 'vue-i18n'

/** A language of the interface: its tag and its own name for itself. */
export const LOCALES = [
  { code: 'en', name: 'English' },
  { code: 'zh-CN', name: '简体中文' },
] as const
export type Locale = (typeof LOCALES)[number]['code']

type Words = { [key: string]: string | Words }
const files = import.meta.glob<{ default: Words }>('../../locales/*/*.json')

export const i18n = createI18n({
  legacy: false,
  locale: 'en',
  fallbackLocale: false,
  missingWarn: import.meta.env.DEV,
  fallbackWarn: false,
  messages: {} as Record<string, Words>,
})

const rooms = new Set<string>()
const loaded = new Map<string, Promise<void>>()

/** Whether a tag names a language we have. */
export function isLocale(tag: unknown): tag is Locale {
  return LOCALES.some(({ code }) => code === tag)
}

/** The language that fits the browser best. */
export function localeOfBrowser(): Locale {
  const wanted = navigator.languages.map((tag) => tag.toLowerCase())
  const first = wanted.find((tag) => tag.startsWith('zh') || tag.startsWith('en'))
  return first?.startsWith('zh') ? 'zh-CN' : 'en'
}

/** Loads the words of some rooms (`locales/<tag>/<room>.json`) in the language now shown. */
export async function loadRooms(...names: string[]): Promise<void> {
  names.forEach((name) => rooms.add(name))
  await Promise.all(names.map((name) => load(i18n.global.locale.value as Locale, name)))
}

/** Shows the interface in another language; every room loaded so far is loaded in it first. */
export async function setLocale(locale: Locale): Promise<void> {
  await Promise.all([...rooms].map((name) => load(locale, name)))
  i18n.global.locale.value = locale
  document.documentElement.lang = locale
}

function load(locale: Locale, room: string): Promise<void> {
  const key = `${locale}/${room}`
  const known = loaded.get(key)
  if (known) return known
  const file = files[`../../locales/${key}.json`]
  if (!file) throw new Error(`There are no words for ${key}.`)
  const wanted = file().then((words) => {
    const { global } = i18n
    global.setLocaleMessage(locale, { ...global.getLocaleMessage(locale), [room]: words.default })
  })
  loaded.set(key, wanted)
  wanted.catch(() => loaded.delete(key))
  return wanted
}
