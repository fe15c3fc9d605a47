import { describe, expect, it } from 'vitest'
import { answerForm, emptyAnswer, readable, verdictOf } from './answer'

describe('answering a question', () => {
  it.each([
    [{ type: 'boolean' }, { sort: 'yesno' }, false],
    [{ enum: ['publish', 'drop'] }, { sort: 'choice', choices: ['publish', 'drop'] }, 'publish'],
    [{ type: 'string', maxLength: 80 }, { sort: 'text', long: false }, ''],
    [{ type: 'string' }, { sort: 'text', long: true }, ''],
    [{ type: 'integer', minimum: 1, maximum: 5 }, { sort: 'number', whole: true, minimum: 1, maximum: 5 }, 1],
    [{ type: 'array' }, { sort: 'json' }, null],
    [{}, { sort: 'json' }, null],
  ])('offers for %j a form that fits', (schema, form, empty) => {
    expect(answerForm(schema)).toEqual(form)
    expect(emptyAnswer(answerForm(schema))).toEqual(empty)
  })

  it('makes one field for each property', () => {
    const form = answerForm({ type: 'object', required: ['approved'], properties: { approved: { type: 'boolean', title: 'Approve' }, note: { type: 'string' } } })
    expect(form).toMatchObject({ sort: 'fields', fields: [{ name: 'approved', title: 'Approve', required: true }, { name: 'note', title: 'Note', required: false }] })
    expect(emptyAnswer(form)).toEqual({ approved: false, note: '' })
  })

  it('finds the one yes or no that decides', () => {
    const properties = { approved: { type: 'boolean' }, comment: { type: 'string' } }
    expect(verdictOf(answerForm({ type: 'object', properties }))).toEqual({ name: 'approved', title: 'Approved', words: 'approve' })
    expect(verdictOf(answerForm({ type: 'object', properties: { sure: { type: 'boolean', title: 'Are you sure?' } } }))).toEqual({ name: 'sure', title: 'Are you sure?', words: 'yes' })
    expect(verdictOf(answerForm({ type: 'boolean' }))).toEqual({ words: 'yes' })
    expect(verdictOf(answerForm({ type: 'object', properties: { a: { type: 'boolean' }, b: { type: 'boolean' } } }))).toBeNull()
  })

  it.each([['max_tokens', 'Max tokens'], ['dueDate', 'Due date'], ['comment', 'Comment'], ['_', '_']])('reads the name %s as %s', (name, words) => expect(readable(name)).toBe(words))

  it('falls back to JSON for what is nested', () => {
    expect(answerForm({ type: 'object', properties: { deep: { type: 'object', properties: {} } } })).toEqual({ sort: 'json' })
  })
})
