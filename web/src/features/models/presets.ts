/** Servers that speak OpenAI's dialect, with the address each has by default. */
export interface Preset {
  id: string
  name: string
  base_url: string
  noKey?: boolean
}

export const PRESETS: Preset[] = [
  { id: 'custom', name: '', base_url: '' },
  { id: 'openai', name: 'OpenAI', base_url: 'https://api.openai.com/v1' },
  { id: 'openrouter', name: 'OpenRouter', base_url: 'https://openrouter.ai/api/v1' },
  { id: 'ollama', name: 'Ollama', base_url: 'http://localhost:11434/v1', noKey: true },
  { id: 'llamacpp', name: 'llama.cpp', base_url: 'http://localhost:8080/v1', noKey: true },
  { id: 'vllm', name: 'vLLM', base_url: 'http://localhost:8000/v1', noKey: true },
  { id: 'lmstudio', name: 'LM Studio', base_url: 'http://localhost:1234/v1', noKey: true },
]

/** Who can be at the other end, as the server knows them; chosen by the address unless a person says otherwise. */
export const PROFILES: { id: string; name: string }[] = [
  { id: 'openai', name: 'OpenAI' },
  { id: 'openrouter', name: 'OpenRouter' },
  { id: 'deepseek', name: 'DeepSeek' },
  { id: 'ollama', name: 'Ollama' },
  { id: 'generic', name: '' },
]
