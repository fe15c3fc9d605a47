import { computed, ref } from 'vue'

/** The release this page was built as; a build that was not stamped is of the release that answers it first. */
const own = ref(document.querySelector<HTMLMetaElement>('meta[name="comfytavern-release"]')?.content ?? '')
const latest = ref('')
const putOff = ref('')

/** Takes note of which release the server says it is. */
export function answeredBy(release: string | null): void {
  if (!release) return
  own.value ||= release
  latest.value = release
}

/** Whether the server is of another release than this page, and nobody has put that off. */
export const outdated = computed(() => latest.value !== own.value && latest.value !== '' && latest.value !== putOff.value)

/** Says no more of the release that answers now. */
export function later(): void {
  putOff.value = latest.value
}
