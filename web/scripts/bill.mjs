// The bill of materials of the web app: CycloneDX 1.6 of what package-lock.json says it is made of, without its tools. Same lock, same bytes.
import { readFileSync } from 'node:fs'

const read = (name) => JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8'))

/** Return the component of one entry of the lock. */
function component(name, entry) {
  const [algorithm, digest] = (entry.integrity ?? '').split('-')
  const [scope, short] = name.startsWith('@') ? name.split('/') : ['', name]
  const purl = `pkg:npm/${scope ? `${encodeURIComponent(scope)}/` : ''}${short}@${entry.version}`
  return {
    'type': 'library',
    'bom-ref': purl,
    ...(scope && { group: scope }),
    'name': short,
    'version': entry.version,
    ...(typeof entry.license === 'string' && { licenses: [{ expression: entry.license }] }),
    ...(algorithm === 'sha512' && { hashes: [{ alg: 'SHA-512', content: Buffer.from(digest, 'base64').toString('hex') }] }),
    purl,
  }
}

const found = new Map()
for (const [path, entry] of Object.entries(read('package-lock.json').packages)) {
  if (path && entry.version && !entry.dev && !entry.link) {
    const made = component(entry.name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length), entry)
    found.set(made.purl, made)
  }
}
const components = [...found.values()].sort((one, other) => (one.purl < other.purl ? -1 : 1))
const { name, license } = read('package.json')
const subject = { 'type': 'application', 'bom-ref': name, name, 'licenses': [{ expression: license }] }
const bill = { bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, metadata: { component: subject }, components }
process.stdout.write(`${JSON.stringify(bill, null, 1)}\n`)
