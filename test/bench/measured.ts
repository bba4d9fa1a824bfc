/** What one client process used, from its start to its last byte. */
export interface Measured {
  readonly users: number;
  readonly requests: number;
  /** Answers with 429; absent where the client does not count them. */
  readonly throttled?: number;
  /** Compressed bytes written; absent where nothing is compressed. */
  readonly bytes?: number;
  /** Milliseconds of the job itself, without loading modules. */
  readonly wallMs: number;
  /** CPU of all threads, user and system, in microseconds, without loading modules. */
  readonly cpuUs: number;
  /** Peak resident memory of the process, in MB. */
  readonly peakMb: number;
}

/** Measures a job in this process and prints the result as one line of JSON. */
export async function printMeasured(
  job: () => Promise<Pick<Measured, "users" | "requests" | "throttled" | "bytes">>,
): Promise<void> {
  const cpu = process.cpuUsage();
  const startedMs = performance.now();
  const result = await job();
  const { user, system } = process.cpuUsage(cpu);
  const measured: Measured = {
    ...result,
    wallMs: performance.now() - startedMs,
    cpuUs: user + system,
    peakMb: process.resourceUsage().maxRSS / 1024,
  };
  console.log(JSON.stringify(measured));
}
