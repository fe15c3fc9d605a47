import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { overBudget, type Chunk } from './budget.ts'

const heavy = (kib: number) => randomBytes(kib * 512).toString('hex')

function app(page: Partial<Chunk>): Record<string, Chunk> {
  return {
    'index.js': { code: 'start()', imports: ['vendor.js'], entry: true },
    'vendor.js': { code: heavy(20), imports: [] },
    'page.js': { code: 'page()', imports: ['vendor.js'], page: 'HomePage', ...page },
    'far.js': { code: heavy(50), imports: ['vendor.js'] },
  }
}

test('a page pays for the entry, for itself and for what both import, once', () => {
  const sizes: Record<string, number> = {}
  expect(overBudget(app({}), { '*': 100 }, sizes)).toEqual([])
  expect(sizes.HomePage).toBeGreaterThan(10)
  expect(sizes.HomePage).toBeLessThan(15)
})

test('a page over its budget is named with the numbers and its largest chunks', () => {
  const [sentence, ...rest] = overBudget(app({ imports: ['far.js'] }), { '*': 100, HomePage: 15 })
  expect(sentence).toMatch(/^HomePage loads \d+\.\d KiB of JavaScript, 15 are allowed\. Largest: far\.js \d+\.\d, vendor\.js/)
  expect(rest).toEqual([])
})

test('what is loaded later costs nothing at the start', () => {
  expect(overBudget(app({}), { '*': 15 })).toEqual([])
})
