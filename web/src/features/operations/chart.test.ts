import { describe, expect, it } from 'vitest'
import { bars, ceiling, gist, line, nearest, perMinute } from './chart'

const hour = { from: 0, to: 1000 }

describe('a chart', () => {
  it('ends its axis at a number that is good to read, and above all values', () => {
    expect([0.3, 1, 1.1, 2.2, 4, 7, 12, 180, 999].map((most) => ceiling([[most, null]], 0.1))).toEqual([0.5, 1, 2, 2.5, 5, 10, 20, 200, 1000])
    expect(ceiling([[], [0, null]], 1)).toBe(1)
  })

  it('draws a line from left to right, the most on top', () => {
    expect(line([0, 10, 20], [0, 5, 10], { from: 0, to: 20 }, 10, 15)).toBe('M0 100h0L500 50L1000 0')
  })

  it('draws nothing where nothing is known', () => {
    expect(line([0, 10, 20, 30], [1, null, 1, 1], { from: 0, to: 30 }, 1, 15)).toBe('M0 0h0M666.7 0h0L1000 0')
    expect(line([0, 100], [1, 1], { from: 0, to: 100 }, 1, 15), 'the server was away').toBe('M0 0h0M1000 0h0')
    expect(line([0, 10], [1, 1], { from: 5, to: 10 }, 1, 15), 'before the period').toBe('M1000 0h0')
  })

  it('draws a bar for what happened only', () => {
    const drawn = bars([500, 1000], [0, 2], hour, 4, 500)
    expect(drawn).toHaveLength(1)
    expect(drawn[0]).toMatchObject({ x: 550, y: 50, width: 400, height: 50 })
  })

  it('counts by the minute', () => {
    expect(perMinute([10, 60, 61, 200], [1, 1, 1, 5], [0, 1, 0, 0])).toEqual({ at: [60, 120, 240], columns: [[2, 1, 5], [1, 0, 0]] })
    expect(perMinute([], [], [])).toEqual({ at: [], columns: [[], []] })
  })

  it('knows which row the pointer is nearest to', () => {
    expect([nearest([10, 20, 30], 24), nearest([10, 20, 30], 99), nearest([], 1)]).toEqual([1, 2, -1])
  })

  it('says in words what it shows', () => {
    expect(gist([1, null, 3, 2])).toEqual({ last: 2, most: 3, mean: 2 })
    expect(gist([null])).toBeNull()
  })
})
