import { IserError } from "../errors.js";
import { hostField } from "../resources/host.js";
import type { ConnectionSettings, ServerSettings } from "../transport/credentials.js";

/** What all commands that go to hosts are told about them. */
export interface HostOptions {
  /** The bastion, as a host is written. */
  readonly proxy?: string;
  readonly json?: boolean;
}

/** `esx01.lab`, `root@esx01.lab:2222`, `[fd00::11]:22`: a host as it is written on a command line, as a program declares it. */
export function hostOf(text: string, { proxy }: HostOptions): ConnectionSettings {
  return {
    ...serverOf(text, "HOST"),
    ...(proxy === undefined ? {} : { proxy: serverOf(proxy, "--proxy") }),
  };
}

function serverOf(text: string, what: string): ServerSettings {
  const form = /^(?:(?<user>[^@\s]+)@)?(?:\[(?<v6>[0-9A-Fa-f:.%]+)\]|(?<name>[\w.-]+))(?::(?<port>\d{1,5}))?$/.exec(
    text,
  );
  const { user, v6, name, port } = form?.groups ?? {};
  const server = {
    host: v6 ?? name ?? "",
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port: Number(port) }),
  };
  const parsed = hostField.safeParse(server);
  if (form !== null && parsed.success) return server;
  const problem = parsed.error?.issues.map(({ path, message }) => [...path, message].join(" ")).join("; ");
  throw new IserError("INPUT_INVALID", {
    problem: `${what} "${text}" is no host${form === null || problem === undefined ? "" : `: ${problem}`}`,
    cure: "Give a name or an address, with a user and a port where they are not root and 22: root@esx01.lab:22, root@[fd00::11]:22.",
  });
}

/** Does the work for each, some at once, and tells how each ended, in the order in which they were given. */
export async function forEach<A, T>(
  all: readonly A[],
  atOnce: number,
  work: (one: A) => Promise<T>,
): Promise<readonly PromiseSettledResult<T>[]> {
  const results: PromiseSettledResult<T>[] = [];
  const left = [...all.entries()];
  const worker = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [at, one] = next;
      results[at] = (await Promise.allSettled([work(one)]))[0] as PromiseSettledResult<T>;
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, all.length) }, worker));
  return results;
}
