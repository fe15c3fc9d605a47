// Writes src/api/schema.d.ts from schemas/openapi.json; with --check only says whether it is up to date.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import openapi, { astToString } from 'openapi-typescript'

const source = new URL('../../schemas/openapi.json', import.meta.url)
const target = new URL('../src/api/schema.d.ts', import.meta.url)
const head = '// Generated from schemas/openapi.json by `npm run api:types`. Do not edit.\n'

const text = head + astToString(await openapi(source, { alphabetize: true, defaultNonNullable: false, emptyObjectsUnknown: true }))
if (!process.argv.includes('--check')) writeFileSync(target, text)
else if (!existsSync(target) || readFileSync(target, 'utf8') !== text) {
  console.error('src/api/schema.d.ts is not made from schemas/openapi.json: run `npm run api:types`.')
  process.exit(1)
}
