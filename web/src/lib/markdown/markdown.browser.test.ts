import { describe, expect, it } from 'vitest'
import { blocks, render } from '.'

describe('Markdown', () => {
  it('renders what people write', () => {
    const html = render('# Title\n\n- one\n- **two**\n\n```js\nlet a = 1 < 2\n```\n\n| a |\n|---|\n| 1 |')
    for (const part of ['<h1>Title</h1>', '<strong>two</strong>', '<code class="language-js">', '1 &lt; 2', '<td>1</td>']) expect(html).toContain(part)
  })

  it.each([
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '[x](javascript:alert(1))',
    '<iframe src="https://evil.example"></iframe>',
    '<style>body{display:none}</style>',
    '<p style="position:fixed">x</p>',
    '<form action="https://evil.example"><input type=text></form>',
    '<svg onload=alert(1)>',
  ])('lets nothing through that could act: %s', (text) => {
    expect(render(text)).not.toMatch(/script|onerror|onload|javascript:|iframe|style|form|type=.?text/i)
  })

  it('shows no picture from another host, so that reading tells nobody', () => {
    expect(render('![p](https://evil.example/p.png?secret)')).not.toContain('evil.example')
    expect(render('![p](/api/files/content?uri=user%3A%2F%2Fa.png)')).toContain('src="/api/files/content')
  })

  it('opens links elsewhere without telling where from', () => {
    expect(render('[a](https://example.org)')).toMatch(/rel="noopener noreferrer nofollow"/)
  })

  it('renders only the last block again while the text grows', () => {
    const show = blocks()
    const before = show('First paragraph.\n\nSecond par')
    const after = show('First paragraph.\n\nSecond paragraph, **longer**')
    expect(after[0]).toBe(before[0])
    expect(after[1]).not.toBe(before[1])
    expect(after[1]!.html).toContain('<strong>longer</strong>')
  })

  it('shows the same in the end as the whole text at once', () => {
    const text = 'See [docs].\n\n1. one\n2. two\n\n> quote\n\n[docs]: https://example.org "d"\n'
    const show = blocks()
    for (let end = 1; end < text.length; end += 3) show(text.slice(0, end))
    expect(show(text).map(({ html }) => html.trim()).join('\n')).toBe(render(text).trim().replaceAll(/\n+/g, '\n'))
  })
})
