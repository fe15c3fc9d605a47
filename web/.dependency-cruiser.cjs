/** The floors of web/src: app > features > design > api > lib. Imports go down only; features are strangers to each other. */
const floor = (name, from, to, comment) => ({ name, severity: 'error', comment, from: { path: from }, to: { path: to } })

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    floor('features-stand-below-app', '^src/features', '^src/app', 'A feature does not know the shell.'),
    floor('design-stands-below-features', '^src/design', '^src/(app|features)', 'The kit knows no feature.'),
    floor('api-stands-below-design', '^src/api', '^src/(app|features|design)', 'The client knows no component.'),
    floor('lib-stands-lowest', '^src/lib', '^src/(app|features|design|api)', 'Pure functions know nobody.'),
    { name: 'features-are-strangers', severity: 'error', from: { path: '^src/features/([^/]+)/' }, to: { path: '^src/features/', pathNot: '^src/features/$1/' } },
    { name: 'only-the-canvas-draws', severity: 'error', from: { path: '^src', pathNot: '^src/features/editor/canvas/' }, to: { path: '(@vue-flow|@xyflow)/' } },
    { name: 'no-missing', severity: 'error', from: {}, to: { couldNotResolve: true, pathNot: '^(#|virtual:)' } },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.app.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { extensions: ['.ts', '.vue', '.js', '.json', '.d.ts'], exportsFields: ['exports'], conditionNames: ['import', 'browser', 'types', 'default'] },
    skipAnalysisNotInRules: true,
  },
}
