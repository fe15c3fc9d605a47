/** Gives the reader a JSON file to keep. */
export function download(name: string, content: unknown): void {
  const url = URL.createObjectURL(new Blob([JSON.stringify(content, null, 2)], { type: 'application/json' }))
  const link = document.createElement('a')
  link.href = url
  link.download = `${name.replaceAll(/[\\/:*?"<>|\p{Cc}]/gu, ' ').trim() || 'comfytavern'}.json`
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}

/** Asks the reader for a JSON file and returns what is in it; null when they changed their mind. Throws on a file that is not JSON. */
export async function pickJson(): Promise<Record<string, unknown> | null> {
  const input = document.createElement('input')
  input.type = 'file'
  input.accept = '.json,application/json'
  const file = await new Promise<File | null>((resolve) => {
    input.onchange = () => resolve(input.files?.[0] ?? null)
    input.oncancel = () => resolve(null)
    input.click()
  })
  return file ? (JSON.parse(await file.text()) as Record<string, unknown>) : null
}
