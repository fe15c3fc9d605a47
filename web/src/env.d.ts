/// <reference types="vite/client" />

declare module 'virtual:editor-icons' {
  const collection: { prefix: string; icons: Record<string, { body: string }>; width: number; height: number }
  export default collection
}
