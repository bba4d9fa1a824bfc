/**
 * What several generators give, as it comes. A generator is started when one before it has ended; leaving the loop ends
 * all of them.
 *
 * @param atOnce how many run at the same time
 */
export async function* interleave<T>(
  generators: Iterable<AsyncGenerator<T, void, undefined>>,
  atOnce: number,
): AsyncGenerator<T, void, undefined> {
  const waiting = generators[Symbol.iterator]();
  const running = new Map<AsyncGenerator<T>, Promise<Step<T>>>();
  const start = () => {
    const { value: generator, done } = waiting.next();
    if (!done) advance(generator);
  };
  const advance = (generator: AsyncGenerator<T>) => {
    const step = generator.next().then(({ done, value }) => ({ generator, done, value }) as Step<T>);
    // One that fails while another is waited for is met when its turn comes.
    step.catch(() => undefined);
    running.set(generator, step);
  };
  for (let started = 0; started < atOnce; started++) start();
  try {
    while (running.size > 0) {
      const step = await Promise.race(running.values());
      running.delete(step.generator);
      if (step.done) start();
      else {
        advance(step.generator);
        yield step.value;
      }
    }
  } finally {
    await Promise.allSettled([...running.keys()].map((generator) => generator.return(undefined)));
  }
}

/** What one generator gave. */
type Step<T> = { readonly generator: AsyncGenerator<T> } & (
  | { readonly done: false; readonly value: T }
  | { readonly done: true; readonly value: undefined }
);
