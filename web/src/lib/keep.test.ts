import { expect, it } from 'vitest'
import { keepAll, keepBeforeLeaving } from './keep'

it('leaves only when everybody could save', async () => {
  let good = true
  expect(await keepAll()).toBe(true)
  keepBeforeLeaving(() => Promise.resolve(true))
  keepBeforeLeaving(() => (good ? Promise.resolve(true) : Promise.reject(new Error('offline'))))
  expect(await keepAll()).toBe(true)
  good = false
  expect(await keepAll()).toBe(false)
})
