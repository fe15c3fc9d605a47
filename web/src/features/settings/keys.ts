/** The keyboard map as it is shown: groups of `settings.keys.<group>.<action>` with the keys of each. */
export const KEYS: { group: string; rows: [action: string, keys: string[][]][] }[] = [
  { group: 'global', rows: [['palette', [['Ctrl', 'K']]], ['settings', [['Ctrl', ',']]], ['keys', [['?']]]] },
  { group: 'run', rows: [['run', [['Ctrl', 'Enter']]], ['here', [['Shift', 'Enter']]], ['only', [['Alt', 'Enter']]], ['stop', [['Ctrl', '.']]]] },
  { group: 'add', rows: [['add', [['A'], ['/'], ['Tab']]], ['connect', [['C']]], ['wires', [['Shift', 'C']]], ['dissolve', [['X']]]] },
  { group: 'select', rows: [['walk', [['←'], ['→'], ['↑'], ['↓']]], ['all', [['Ctrl', 'A']]], ['box', [['Shift', 'drag']]], ['clear', [['Esc']]]] },
  {
    group: 'edit',
    rows: [
      ['inspect', [['Enter']]], ['rename', [['F2']]], ['remove', [['Del']]], ['copy', [['Ctrl', 'C']]], ['cut', [['Ctrl', 'X']]], ['paste', [['Ctrl', 'V']]], ['pasteWired', [['Ctrl', 'Shift', 'V']]],
      ['duplicate', [['Ctrl', 'D']]], ['undo', [['Ctrl', 'Z']]], ['redo', [['Ctrl', 'Shift', 'Z']]], ['nudge', [['Alt', '←'], ['Alt', '→'], ['Alt', '↑'], ['Alt', '↓']]],
    ],
  },
  { group: 'state', rows: [['mute', [['M']]], ['bypass', [['B']]], ['pin', [['P']]], ['collapse', [['K']]]] },
  { group: 'group', rows: [['group', [['Ctrl', 'G']]], ['frame', [['Ctrl', 'Shift', 'G']]], ['enter', [['Ctrl', '↓']]], ['leave', [['Ctrl', '↑']]]] },
  { group: 'view', rows: [['fit', [['1']]], ['fitSelection', [['2']]], ['actual', [['0']]], ['zoom', [['+'], ['−']]], ['pan', [['Space', 'drag']]], ['minimap', [['Shift', 'M']]]] },
]
