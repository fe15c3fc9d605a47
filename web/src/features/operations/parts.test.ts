import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { nextTick } from 'vue'
import { createI18n } from 'vue-i18n'
import words from '@/locales/en/operations.json'
import Meter from './Meter.vue'
import Table from './Table.vue'
import TimeChart from './TimeChart.vue'

const global = { plugins: [createI18n({ legacy: false, locale: 'en', messages: { en: { operations: words } } })], stubs: { UIcon: true, Icon: true } }

describe('a chart of the last hour', () => {
  const props = {
    title: 'Requests', at: [3400, 3500, 3600], every: 100, now: 3600, word: (value: number | null) => (value === null ? 'none' : `${value}/s`),
    series: [{ name: 'Answered', look: 'first' as const, values: [1, 4, 2] }, { name: 'Errors', look: 'wrong' as const, values: [null, null, null] }],
  }

  it('says in words what it shows', () => {
    const chart = mount(TimeChart, { props, global }).get('[role="img"]')
    expect(chart.attributes('aria-label')).toContain('Requests. Answered: now 2/s, at most 4/s, on average')
    expect(chart.attributes('aria-label')).toContain('Errors: nothing yet.')
  })

  it('reads out the rows by the arrow keys', async () => {
    const found = mount(TimeChart, { props, global })
    expect(found.get('figcaption').text()).toContain('Answered 2/s')
    await found.get('[role="img"]').trigger('keydown', { key: 'ArrowLeft' })
    expect(found.get('figcaption').text()).toContain('Answered 4/s')
    expect(found.get('[aria-live]').text()).toContain('Answered 4/s, Errors none')
    await found.get('[role="img"]').trigger('keydown', { key: 'Escape' })
    expect(found.get('figcaption').text()).toContain('Answered 2/s')
  })

  it('says that the first values are to come', async () => {
    const found = mount(TimeChart, { props: { ...props, at: [], series: [{ name: 'Answered', look: 'first' as const, values: [] }] }, global })
    await nextTick()
    expect(found.text()).toContain('The first values come within seconds.')
  })
})

describe('a meter', () => {
  const meter = (share: number | null) => mount(Meter, { props: { name: 'Disk', share, detail: '1 of 2', warning: 'Nearly full' }, global })

  it('warns in words where it gets tight', () => {
    expect(meter(95).text()).toContain('Nearly full')
    expect(meter(50).text()).not.toContain('Nearly full')
  })

  it('does not make up what nobody knows', () => {
    expect(meter(null).text()).toContain('–')
  })
})

describe('a table', () => {
  it('names every value, for phones too', () => {
    const found = mount(Table, { props: { label: 'All', columns: [{ id: 'a', name: 'First' }], rows: ['x', 'y'], id: String }, slots: { a: 'cell' }, global })
    expect(found.findAll('tbody td').map((cell) => cell.text())).toEqual(['Firstcell', 'Firstcell'])
  })
})
