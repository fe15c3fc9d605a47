/** Mistakes on their way to whoever wants to know of them. Until somebody says so, the first few wait; if nobody does, they are forgotten. */
export type Take = (error: unknown) => void

const MOST = 10
let waiting: unknown[] = []
let taker: Take | undefined
let deaf = false

/** Tells of a mistake. */
export function report(error: unknown): void {
  if (taker) taker(error)
  else if (!deaf && waiting.length < MOST) waiting.push(error)
}

/** Gives what waits, and all that comes, to `take`; without it nobody wants to know. */
export function listen(take?: Take): void {
  const known = waiting
  waiting = []
  taker = take
  deaf = !take
  if (take) known.forEach(take)
}
