import { describe, expect, it } from 'vitest'
import { answerForm, emptyAnswer } from './answer'

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
    expect(form).toMatchObject({ sort: 'fields', fields: [{ name: 'approved', title: 'Approve', required: true }, { name: 'note', title: 'note', required: false }] })
    expect(emptyAnswer(form)).toEqual({ approved: false, note: '' })
  })

  it('falls back to JSON for what is nested', () => {
    expect(answerForm({ type: 'object', properties: { deep: { type: 'object', properties: {} } } })).toEqual({ sort: 'json' })
  })
})
