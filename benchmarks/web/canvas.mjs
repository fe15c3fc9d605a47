// Opens the benchmark page for both canvases and every size, pans, and prints what it measured as one JSON line.
import { createServer } from 'node:http'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { extname, join, normalize } from 'node:path'

const [folder, web, sizes, repeats] = process.argv.slice(2)
const { chromium } = createRequire(join(web, 'package.json'))('playwright-core')
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json' }
const PAN_FRAMES = 90
const OPEN_LIMIT_MS = 60_000

const server = createServer(async (request, response) => {
  const path = normalize(new URL(request.url, 'http://x').pathname)
  const file = join(folder, path === '/' ? 'index.html' : path)
  try {
    const content = await readFile(file)
    response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' }).end(content)
  } catch {
    response.writeHead(404).end()
  }
}).listen(0, '127.0.0.1')
await new Promise((done) => server.once('listening', done))
const origin = `http://127.0.0.1:${server.address().port}`

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', headless: true, args: FLAGS })
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]

/** Pan by real mouse moves, one per frame, and count the frames that were shown. */
async function pan(page) {
  const [x, y] = [640, 448]
  await page.mouse.move(x, y)
  await page.mouse.down({ button: 'middle' })
  await page.mouse.move(x - 8, y)
  await page.evaluate(() => window.recorder.start())
  const started = performance.now()
  for (let i = 1; i <= PAN_FRAMES; i++) {
    await page.mouse.move(x - 8 - 6 * i * (i < PAN_FRAMES / 2 ? 1 : -1) - (i < PAN_FRAMES / 2 ? 0 : 12 * (PAN_FRAMES / 2)), y - 2 * i)
    if (performance.now() - started > 20_000) break
  }
  const times = await page.evaluate(() => window.recorder.stop())
  await page.mouse.up({ button: 'middle' })
  const span = times.at(-1) - times[0]
  return span > 0 ? ((times.length - 1) * 1000) / span : 0
}

async function measure(lib, size) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
  const page = await context.newPage()
  try {
    await page.goto(`${origin}/?lib=${lib}&n=${size}`)
    await page.waitForFunction(() => window.readyAt, null, { timeout: OPEN_LIMIT_MS })
    const open = await page.evaluate(() => window.readyAt)
    await page.waitForTimeout(400)
    const mounted = await page.evaluate(() => window.probe.mounted())
    const near = await pan(page)
    await page.evaluate(() => window.probe.fit())
    await page.waitForTimeout(400)
    return { open, near, fit: await pan(page), mounted }
  } finally {
    await context.close()
  }
}

const result = { open_ms: { ours: {}, bare: {} }, pan_fps: { ours: {}, bare: {} }, pan_fit_fps: { ours: {}, bare: {} }, mounted: { ours: {}, bare: {} } }
try {
  await measure('ours', 50) // warm the browser
  for (const size of sizes.split(',').map(Number))
    for (const lib of ['ours', 'bare']) {
      const rounds = []
      for (let i = 0; i < (lib === 'ours' ? Number(repeats) : 1); i++) rounds.push(await measure(lib, size))
      result.open_ms[lib][size] = Math.round(median(rounds.map((round) => round.open)))
      result.pan_fps[lib][size] = Math.round(median(rounds.map((round) => round.near)) * 10) / 10
      result.pan_fit_fps[lib][size] = Math.round(median(rounds.map((round) => round.fit)) * 10) / 10
      result.mounted[lib][size] = rounds[0].mounted
    }
  console.log(JSON.stringify(result))
} finally {
  await browser.close()
  server.close()
}
