import { describe, expect, it } from 'vitest'
import { ago, count, duration, size } from './format'

describe('amounts', () => {
  it.each([
    [0, '0 ms'],
    [2.34, '2.3 ms'],
    [840, '840 ms'],
    [999.7, '1.0 sec'],
    [3240, '3.2 sec'],
    [59_990, '1 min 0 sec'],
    [245_000, '4 min 5 sec'],
    [7_810_000, '2 hr 10 min'],
    [null, '–'],
  ])('says how long %s ms are', (ms, words) => expect(duration(ms, 'en')).toBe(words))

  it.each([
    [0, '0 byte'],
    [999, '999 byte'],
    [12_345, '12 kB'],
    [4_200_000, '4.2 MB'],
    [null, '–'],
  ])('says how large %s bytes are', (bytes, words) => expect(size(bytes, 'en')).toBe(words))

  it('separates thousands and keeps zero', () => {
    expect(count(12_345, 'en')).toBe('12,345')
    expect(count(0, 'en')).toBe('0')
  })

  const now = Date.parse('2026-11-24T12:00:00Z')
  it.each([
    ['2026-11-24T11:59:40Z', 'now', '现在'],
    ['2026-11-24T11:55:00Z', '5 minutes ago', '5分钟前'],
    ['2026-11-23T12:00:00Z', 'yesterday', '昨天'],
    ['2026-10-24T12:00:00Z', 'last month', '上个月'],
  ])('says how long ago %s was', (iso, en, zh) => {
    expect(ago(iso, 'en', now)).toBe(en)
    expect(ago(iso, 'zh-CN', now)).toBe(zh)
  })
})
