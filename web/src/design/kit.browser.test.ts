import ui from '@nuxt/ui/vue-plugin'
import { mount } from '@vue/test-utils'
import axe from 'axe-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'
import { ApiFailure } from '@/api/problem'
import { i18n, loadRooms, setLocale } from '@/lib/i18n'
import ProblemBanner from './ProblemBanner.vue'
import RunStateBadge from './RunStateBadge.vue'
import ValueView from './ValueView.vue'
import './tokens.css'

const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component: { template: '' } }] })
const show = (component: Parameters<typeof mount>[0], props: Record<string, unknown>) => mount(component, { props, global: { plugins: [i18n, router, ui] }, attachTo: document.body })
const refused = new ApiFailure({ code: 'llm.unreachable', title: 'x', status: 503, params: { channel: 'Ollama', host: 'localhost:11434', why: 'refused' } })

beforeAll(() => loadRooms('design', 'problems'))

describe('a problem', () => {
  it('says what happened, what was kept and what to do, in the language of the reader', async () => {
    const shown = show(ProblemBanner, { error: refused, kept: 'Kept.' })
    expect(shown.text()).toContain('Ollama cannot be reached at localhost:11434')
    expect(shown.text()).toContain('Kept.')
    expect(shown.text()).toContain('Check the address')
    await setLocale('zh-CN')
    await shown.vm.$nextTick()
    expect(shown.text()).toContain('无法通过 localhost:11434 连接到 Ollama')
    await setLocale('en')
    shown.unmount()
  })

  it('tells one without words of ours as the server told it', () => {
    const shown = show(ProblemBanner, { error: new ApiFailure({ code: 'new.thing', title: 'Teapot', status: 418, detail: 'It is a teapot.', hint: 'Brew tea.' }) })
    expect(shown.text()).toContain('It is a teapot.')
    expect(shown.text()).toContain('Brew tea.')
    shown.unmount()
  })
})

describe('a value', () => {
  it.each([[0, '0'], [false, 'false'], ['', 'empty text'], [null, 'no value'], [{ a: 1 }, '"a": 1']])('shows %j as itself', (value, text) => {
    const shown = show(ValueView, { value })
    expect(shown.text()).toContain(text)
    shown.unmount()
  })
})

describe('the kit', () => {
  it.each(['light', 'dark'])('is readable in %s', async (theme) => {
    document.documentElement.className = theme
    const shown = [show(ProblemBanner, { error: refused, retry: () => undefined }), ...(['queued', 'running', 'waiting', 'ok', 'failed', 'cancelled'] as const).map((state) => show(RunStateBadge, { state }))]
    const { violations } = await axe.run(document.body, { runOnly: ['color-contrast', 'button-name', 'aria-allowed-role'] })
    expect(violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([])
    shown.forEach((one) => one.unmount())
  })
})
