import { describe, expect, it } from 'vitest'
import { choicesOf, chosenFor, DEFAULT_CHOICES, isSingle, meantBy, strokeOf } from '.'

describe('keys', () => {
  it.each([
    [{ key: 'k', ctrlKey: true }, 'Mod+K'],
    [{ key: 'Z', ctrlKey: true, shiftKey: true }, 'Mod+Shift+Z'],
    [{ key: '?', shiftKey: true }, '?'],
    [{ key: ' ' }, 'Space'],
    [{ key: 'å', altKey: true, code: 'KeyA' }, 'Alt+A'],
    [{ key: 'F6', shiftKey: true }, 'Shift+F6'],
  ])('names the press %j %s', (press, stroke) => expect(strokeOf(new KeyboardEvent('keydown', press))).toBe(stroke))

  it('tells characters from other keys', () => {
    expect(['A', '?', 'Shift+C', 'G H'].every(isSingle)).toBe(true)
    expect(['Mod+A', 'F2', 'Enter', 'Alt+1', 'G Mod+H'].some(isSingle)).toBe(false)
  })

  it('moves what a key does to another key, and frees the old one', () => {
    const choices = { moved: { X: 'Mod+L', M: '' }, single: true }
    expect(meantBy('Mod+L', choices)).toBe('X')
    expect(meantBy('X', choices)).toBe('')
    expect(meantBy('M', choices)).toBe('')
    expect(meantBy('B', choices)).toBe('B')
    expect(chosenFor('X', choices)).toBe('Mod+L')
  })

  it('lets two keys change places', () => {
    const choices = { moved: { A: 'B', B: 'A' }, single: true }
    expect([meantBy('A', choices), meantBy('B', choices)]).toEqual(['B', 'A'])
  })

  it('switches single characters off, but not what was moved away from them', () => {
    const choices = { moved: { X: 'Mod+L' }, single: false }
    expect([meantBy('C', choices), meantBy('G H', choices), chosenFor('C', choices)]).toEqual(['', '', ''])
    expect([meantBy('Mod+L', choices), meantBy('Enter', choices)]).toEqual(['X', 'Enter'])
  })

  it('reads what was saved and forgives what it cannot read', () => {
    expect(choicesOf(undefined)).toEqual(DEFAULT_CHOICES)
    expect(choicesOf({ moved: { A: 1, B: 'C' }, single: false })).toEqual({ moved: { B: 'C' }, single: false })
  })
})
