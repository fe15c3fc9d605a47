import { start } from '@/app/start'
import '@/design/tokens.css'

void start()
