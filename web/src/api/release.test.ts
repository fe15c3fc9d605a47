import { beforeEach, describe, expect, it, vi } from 'vitest'

const fresh = async () => {
  vi.resetModules()
  return import('./release')
}

beforeEach(() => (document.head.innerHTML = ''))

describe('the release', () => {
  it('is outdated when the server answers as another one, until that is put off', async () => {
    const { answeredBy, later, outdated } = await fresh()
    answeredBy('1.0.0+blue')
    answeredBy(null)
    expect(outdated.value).toBe(false)
    answeredBy('1.1.0+green')
    expect(outdated.value).toBe(true)
    later()
    expect(outdated.value).toBe(false)
    answeredBy('1.2.0+blue')
    expect(outdated.value).toBe(true)
    answeredBy('1.0.0+blue')
    expect(outdated.value).toBe(false)
  })

  it('is the one that the page was stamped with', async () => {
    document.head.innerHTML = '<meta name="comfytavern-release" content="1.0.0+blue">'
    const { answeredBy, outdated } = await fresh()
    answeredBy('1.1.0+green')
    expect(outdated.value).toBe(true)
  })
})
