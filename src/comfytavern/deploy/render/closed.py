"""What is seen while nobody gets in: a page for people in both languages, a problem for programs. No quote, no dollar: nginx has them."""

from typing import Final

PAGE: Final = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    '<meta http-equiv="refresh" content="15"><title>ComfyTavern</title>'
    "<style>body{margin:0;min-height:100vh;display:grid;place-content:center;text-align:center;font:1rem/1.6 system-ui,sans-serif;"
    "background:Canvas;color:CanvasText;color-scheme:light dark}p{margin:.2rem 1rem}</style>"
    "<main><h1>ComfyTavern</h1><p>Data is being put back. This page comes back by itself in a moment.</p>"
    '<p lang="zh-CN">正在恢复数据，片刻之后本页面会自动恢复。</p></main></html>'
)
PROBLEM: Final = (
    '{"type":"urn:comfytavern:problem:deploy.closed","title":"Service Unavailable","status":503,"code":"deploy.closed",'
    '"detail":"Data is being put back. Try again in a moment."}'
)
