import { useQuery } from '@tanstack/vue-query'
import { toValue, type MaybeRefOrGetter } from 'vue'
import { body, http } from './client'
import { ApiFailure, unreachable, type Problem } from './problem'
import type { FileEntry, Page } from './types'

/** What a folder holds, folders first. */
export const useFiles = (uri: MaybeRefOrGetter<string>) =>
  useQuery({ queryKey: ['files', uri], queryFn: () => body<Page<FileEntry>>(http.GET('/api/files', { params: { query: { uri: toValue(uri) } } })) })

/** The address of a file's content, for images, audio and downloads. */
export const contentUrl = (uri: string) => `/api/files/content?uri=${encodeURIComponent(uri)}`

/** Removes a file. */
export const removeFile = (uri: string) => body(http.DELETE('/api/files', { params: { query: { uri } } }))

export interface Upload {
  overwrite?: boolean
  signal?: AbortSignal
  /** From 0 to 1, as bytes really leave. */
  onProgress?: (part: number) => void
}

/** Sends a file to `uri`. Uses XMLHttpRequest because fetch does not tell how much has been sent. */
export function upload(file: Blob, uri: string, { overwrite = false, signal, onProgress }: Upload = {}): Promise<FileEntry> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('PUT', `${contentUrl(uri)}&overwrite=${overwrite}`)
    request.setRequestHeader('Content-Type', 'application/octet-stream')
    request.responseType = 'json'
    request.upload.onprogress = ({ loaded, total }) => onProgress?.(total ? loaded / total : 0)
    request.onload = () => (request.status < 300 ? resolve(request.response as FileEntry) : reject(new ApiFailure(refusal(request))))
    request.onerror = () => reject(new ApiFailure(unreachable()))
    request.onabort = () => reject(new DOMException('The upload was stopped.', 'AbortError'))
    signal?.addEventListener('abort', () => request.abort())
    request.send(file)
  })
}

function refusal(request: XMLHttpRequest): Problem {
  const said = (request.response ?? {}) as Partial<Problem>
  return { ...said, code: said.code ?? `http.${request.status}`, title: said.title ?? request.statusText, status: request.status }
}
