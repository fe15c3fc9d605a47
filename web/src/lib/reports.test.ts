import { expect, test } from 'vitest'
import { listen, report } from './reports'

test('what went wrong before anybody listened is told, once, and later mistakes at once', () => {
  for (let at = 0; at < 20; at++) report(at)
  const told: unknown[] = []
  listen((error) => told.push(error))
  expect(told).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  report('later')
  expect(told.at(-1)).toBe('later')
})

test('when nobody wants to know, nothing is kept', () => {
  listen()
  report('lost')
  const told: unknown[] = []
  listen((error) => told.push(error))
  expect(told).toEqual([])
})
