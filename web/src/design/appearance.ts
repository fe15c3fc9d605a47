import { useColorMode } from '@vueuse/core'
import { computed, watch } from 'vue'
import { useI18n } from 'vue-i18n'
import { useMe, usePreferences } from '@/api/session'
import { isLocale, setLocale, type Locale } from '@/lib/i18n'
import { saveLocale } from '@/lib/i18n/saved'

export type Theme = 'light' | 'dark' | 'auto'

/** Theme and language: shown at once, saved with the person's preferences on the server. */
export function useAppearance() {
  const { locale } = useI18n()
  const { save } = usePreferences()
  const me = useMe()
  const mode = useColorMode({ emitAuto: true })
  const keep = (change: { theme?: Theme; locale?: Locale }) => me.value && save.mutate(change)
  return {
    theme: computed<Theme>(() => mode.value as Theme),
    locale: computed(() => locale.value as Locale),
    chooseTheme(theme: Theme) {
      mode.value = theme
      keep({ theme })
    },
    async chooseLocale(wanted: Locale) {
      await setLocale(wanted)
      saveLocale(wanted)
      keep({ locale: wanted })
    },
    /** Takes over what the person chose on another machine. */
    followServer() {
      watch(() => [me.value?.preferences?.theme, me.value?.preferences?.locale] as const, ([theme, wanted]) => {
        if (theme) mode.value = theme
        if (!isLocale(wanted) || wanted === locale.value) return
        saveLocale(wanted)
        void setLocale(wanted)
      }, { immediate: true })
    },
  }
}
