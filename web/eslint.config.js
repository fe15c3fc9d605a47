import vue from 'eslint-plugin-vue'
import ts from 'typescript-eslint'
import parser from 'vue-eslint-parser'

const FLOORS = ['app', 'features', 'design', 'api', 'lib']
const FEATURES = ['accounts', 'editor', 'models', 'projects', 'runs', 'settings']
const CANVAS = { group: ['@vue-flow/*', '@xyflow/*'], message: 'Only features/editor/canvas draws with the flow library.' }

/** Imports that a floor may not have: everything above it. */
const above = (floor) => FLOORS.slice(0, FLOORS.indexOf(floor)).map((higher) => ({ group: [`@/${higher}/**`], message: `${floor} stands below ${higher}.` }))
const strangers = (feature) => FEATURES.filter((other) => other !== feature).map((other) => ({ group: [`@/features/${other}/**`], message: 'Features are strangers to each other.' }))
const walls = (files, patterns, ignores = []) => ({ files, ignores, rules: { 'no-restricted-imports': ['error', { patterns }] } })

export default ts.config(
  { ignores: ['dist', 'node_modules', 'src/components.d.ts', 'src/api/schema.d.ts', '.nuxt-ui'] },
  ...ts.configs.recommended,
  ...vue.configs['flat/recommended'],
  { files: ['**/*.vue'], languageOptions: { parser, parserOptions: { parser: ts.parser } } },
  {
    rules: {
      'vue/multi-word-component-names': 'off', // the folder is the noun
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/html-self-closing': 'off',
      'vue/html-indent': 'off',
      'vue/html-closing-bracket-newline': 'off',
      'vue/multiline-html-element-content-newline': 'off',
      'vue/first-attribute-linebreak': 'off',
      'vue/require-default-prop': 'off', // types say what is optional
      'vue/attributes-order': 'off',
      'vue/block-order': ['error', { order: ['script', 'template', 'style'] }],
      'vue/component-api-style': ['error', ['script-setup']],
      'max-lines': ['error', { max: 400 }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      'no-console': 'error',
    },
  },
  { files: ['**/*.vue'], rules: { 'max-lines': ['error', { max: 250 }] } },
  { files: ['src/**'], ignores: ['src/api/**', '**/*.test.ts'], rules: { 'no-restricted-globals': ['error', 'fetch', 'WebSocket', 'EventSource', 'XMLHttpRequest'] } },
  walls(['src/app/**'], [CANVAS]),
  walls(['src/design/**'], [...above('design'), CANVAS]),
  walls(['src/api/**'], [...above('api'), CANVAS]),
  walls(['src/lib/**'], [...above('lib'), CANVAS]),
  ...FEATURES.map((feature) => walls([`src/features/${feature}/**`], [...above('features'), ...strangers(feature), CANVAS], ['src/features/editor/canvas/**'])),
  walls(['src/features/editor/canvas/**'], [...above('features'), ...strangers('editor')]),
  { files: ['scripts/**', '*.config.*'], rules: { 'no-console': 'off' } },
)
