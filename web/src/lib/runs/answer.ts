/** How a question can be answered: made from the JSON Schema that came with it. */
export type AnswerForm =
  | { sort: 'yesno' }
  | { sort: 'choice'; choices: unknown[] }
  | { sort: 'text'; long: boolean }
  | { sort: 'number'; whole: boolean; minimum?: number; maximum?: number }
  | { sort: 'fields'; fields: { name: string; title: string; required: boolean; form: AnswerForm }[] }
  | { sort: 'json' }

type Schema = Record<string, unknown>

/** The simplest form that can give every answer the schema allows; JSON when none of the simple ones can. */
export function answerForm(schema: Schema): AnswerForm {
  if (Array.isArray(schema.enum)) return { sort: 'choice', choices: schema.enum }
  switch (schema.type) {
    case 'boolean': return { sort: 'yesno' }
    case 'string': return { sort: 'text', long: Number(schema.maxLength ?? Infinity) > 200 }
    case 'number':
    case 'integer': return { sort: 'number', whole: schema.type === 'integer', minimum: numberOf(schema.minimum), maximum: numberOf(schema.maximum) }
    case 'object': return fieldsOf(schema)
    default: return { sort: 'json' }
  }
}

/** A name of a field as a person would write it: `max_tokens` is “Max tokens”. */
export function readable(name: string): string {
  const words = name.replace(/([a-z\d])([A-Z])/g, '$1 $2').replace(/[_-]+/g, ' ').trim().toLowerCase()
  return words ? words[0]!.toUpperCase() + words.slice(1) : name
}

/** The one yes or no that decides a question, for two buttons to give: the whole answer (no name), or the only such field of a form. */
export interface Verdict {
  name?: string
  title?: string
  words: 'yes' | 'approve'
}

export function verdictOf(form: AnswerForm): Verdict | null {
  if (form.sort === 'yesno') return { words: 'yes' }
  const flags = form.sort === 'fields' ? form.fields.filter((one) => one.form.sort === 'yesno') : []
  if (flags.length !== 1) return null
  const { name, title } = flags[0]!
  return { name, title, words: /^approved?$/i.test(name) ? 'approve' : 'yes' }
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}

function fieldsOf(schema: Schema): AnswerForm {
  const properties = Object.entries((schema.properties ?? {}) as Record<string, Schema>)
  const required = new Set(Array.isArray(schema.required) ? schema.required : [])
  const fields = properties.map(([name, field]) => ({ name, title: typeof field.title === 'string' && field.title ? field.title : readable(name), required: required.has(name), form: answerForm(field) }))
  const plain = fields.length > 0 && fields.every(({ form }) => form.sort !== 'fields' && form.sort !== 'json')
  return plain ? { sort: 'fields', fields } : { sort: 'json' }
}

/** What a form starts with. */
export function emptyAnswer(form: AnswerForm): unknown {
  switch (form.sort) {
    case 'yesno': return false
    case 'choice': return form.choices[0]
    case 'text': return ''
    case 'number': return form.minimum ?? 0
    case 'fields': return Object.fromEntries(form.fields.map((field) => [field.name, emptyAnswer(field.form)]))
    case 'json': return null
  }
}
