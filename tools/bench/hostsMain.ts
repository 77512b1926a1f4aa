import { Hosts, type Requests } from "./hosts.js";
import type { Answer, Question } from "./hostsClient.js";

// The child process that the simulated hosts run in, beside the process that measures. Ctrl-C reaches it as well; its parent decides when it ends.
const hosts = new Hosts();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);
process.on("disconnect", () => process.exit());
process.on("message", async ({ id, method, args }: Question) => {
  const reply = (answer: Answer) => process.send?.(answer);
  try {
    const ask = hosts[method] as (...args: unknown[]) => ReturnType<Requests[typeof method]>;
    reply({ id, value: (await ask.apply(hosts, [...args])) ?? null });
  } catch (error) {
    reply({ id, error: error instanceof Error ? error.message : String(error) });
  }
});
