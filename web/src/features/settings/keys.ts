/** An action as it is listed: `settings.keys.<group>.<id>`, its default strokes, and ways that cannot be changed. */
export interface Row {
  id: string
  strokes: string[]
  fixed?: string[][]
}

const row = (id: string, ...strokes: string[]): Row => ({ id, strokes })
const fixed = (id: string, ...ways: string[][]): Row => ({ id, strokes: [], fixed: ways })

/** The keyboard map with its defaults. */
export const KEYS: { group: string; rows: Row[] }[] = [
  { group: 'global', rows: [row('palette', 'Mod+K'), row('settings', 'Mod+,', 'G S'), row('home', 'G H'), row('workflows', 'G W'), row('runs', 'G R'), row('region', 'F6'), row('regionBack', 'Shift+F6'), row('keys', '?')] },
  { group: 'run', rows: [row('run', 'Mod+Enter'), row('fresh', 'Mod+Shift+Enter'), row('here', 'Shift+Enter'), row('only', 'Alt+Enter'), row('stop', 'Mod+.')] },
  { group: 'add', rows: [row('add', 'A', '/'), row('note', 'N'), row('connect', 'C'), row('wires', 'Shift+C'), row('dissolve', 'X')] },
  { group: 'select', rows: [fixed('walk', ['←'], ['→'], ['↑'], ['↓']), fixed('box', ['Shift', 'drag']), row('all', 'Mod+A'), row('clear', 'Escape'), row('first', 'Home')] },
  {
    group: 'edit',
    rows: [
      row('inspect', 'Enter'), row('rename', 'F2'), row('remove', 'Delete', 'Backspace'), fixed('copy', ['Ctrl', 'C']), fixed('cut', ['Ctrl', 'X']), fixed('paste', ['Ctrl', 'V']), fixed('pasteWired', ['Ctrl', 'Shift', 'V']),
      row('duplicate', 'Mod+D'), row('undo', 'Mod+Z'), row('redo', 'Mod+Shift+Z', 'Mod+Y'), row('save', 'Mod+S'), fixed('nudge', ['Alt', '←'], ['Alt', '→'], ['Alt', '↑'], ['Alt', '↓']),
    ],
  },
  { group: 'state', rows: [row('mute', 'M'), row('bypass', 'B'), row('pin', 'P'), row('collapse', 'K')] },
  { group: 'group', rows: [row('group', 'Mod+G'), row('ungroup', 'Mod+Alt+G'), row('frame', 'Mod+Shift+G'), row('enter', 'Mod+ArrowDown'), row('leave', 'Mod+ArrowUp')] },
  { group: 'view', rows: [row('fit', '1', '.'), row('fitSelection', '2'), row('actual', '0'), row('zoomIn', '+', '='), row('zoomOut', '-'), fixed('pan', ['Space', 'drag']), row('left', 'Mod+B'), row('bottom', 'Mod+J'), row('right', 'Mod+Alt+B'), row('search', 'Mod+F')] },
  { group: 'align', rows: [row('alignLeft', 'Alt+A'), row('alignRight', 'Alt+D'), row('alignTop', 'Alt+W'), row('alignBottom', 'Alt+S'), row('alignMiddle', 'Alt+H'), row('alignCentre', 'Alt+V'), row('columns', 'Alt+Shift+H'), row('rows', 'Alt+Shift+V'), row('tidy', 'Alt+Shift+T')] },
]

/** Every stroke that can be changed, with the group and action it belongs to. */
export const STROKES = new Map(KEYS.flatMap(({ group, rows }) => rows.flatMap(({ id, strokes }) => strokes.map((stroke) => [stroke, `${group}.${id}`] as const))))
