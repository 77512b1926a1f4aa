import * as pulumi from "@pulumi/pulumi";
import { IserError } from "../errors.js";
import { interpret } from "../esxcli/run.js";
import type { Ask } from "../resources/definition.js";
import { adapterReference } from "../resources/fields.js";
import { type Host, hostField } from "../resources/host.js";
import type { Reach } from "../resources/hostWork.js";
import { type AdapterInput, type HostInput, referenceTo } from "../resources/provider.js";
import { SshReach } from "../resources/reach.js";

/** What `getRdmaDevices` and `getIserAdapters` take. */
export interface LookupArgs {
  /** The host: its name, or how to reach it. */
  host: string | pulumi.Unwrap<Exclude<HostInput, string>>;
}

/** What `getRdmaDevicesOutput` and `getIserAdaptersOutput` take. */
export interface LookupOutputArgs {
  /** The host: its name, or how to reach it. */
  host: HostInput;
}

/** What `getTargets` and `getSessions` take. */
export interface AdapterLookupArgs extends LookupArgs {
  /** Only of this adapter: its RDMA device (`vmrdma0`), the uplink of that (`vmnic4`), or the `vmhba#` of one that is not iSER. */
  adapter?: string | undefined;
}

/** What `getTargetsOutput` and `getSessionsOutput` take. */
export interface AdapterLookupOutputArgs extends LookupOutputArgs {
  /** Only of this adapter: an IserAdapter, or what it is called by. */
  adapter?: AdapterInput | undefined;
}

/** The program's own way to hosts. Credentials are those that the resources have; the connections are closed when nothing reads any more. */
let reach: Way = new SshReach();
let reading = 0;

type Way = Pick<SshReach, "use" | "configure" | "close">;

/** Has the functions of this process read in another way than over SSH, such as from simulated hosts. */
export function readBy(way: Pick<Reach, "use">): void {
  reach = { configure: () => undefined, close: async () => undefined, use: way.use };
}

/** Reads from a host. The program's process could not end while a connection is open, so the last to read closes them. */
export async function read<T>(args: AdapterLookupArgs, look: (ask: Ask, adapter?: string) => Promise<T>): Promise<T> {
  const { host, adapter } = validated(args);
  const config = new pulumi.Config("esxi-iser");
  reach.configure({ get: (key) => config.get(key) });
  reading += 1;
  try {
    return await reach.use(host, (session) => {
      const ask: Ask = async (command) => interpret(command, await session.execute(command), session.host);
      return look(ask, adapter).catch((error: unknown) => {
        throw error instanceof IserError ? error.on(session.host) : error;
      });
    });
  } finally {
    reading -= 1;
    if (reading === 0) await reach.close();
  }
}

function validated({ host, adapter }: AdapterLookupArgs): { host: Host; adapter: string | undefined } {
  const fields = { host: hostField.safeParse(host), adapter: adapterReference.optional().safeParse(adapter) };
  for (const [field, { error }] of Object.entries(fields)) {
    if (error === undefined) continue;
    // The message of a schema never has the value in it, which may be a password.
    const problem = error.issues.map(({ path, message }) => `${[field, ...path].join(".")} ${message}`).join("; ");
    throw new IserError("INPUT_INVALID", { problem, cure: "Nothing was asked of any host." });
  }
  return { host: fields.host.data as Host, adapter: fields.adapter.data };
}

/**
 * The same with inputs that are outputs of something. In a preview it is unknown while one of them is, or while a resource that is given does
 * not exist yet; it is a secret when one of them is.
 */
export function whenKnown<T>(
  { host, adapter }: AdapterLookupOutputArgs,
  lookUp: (args: AdapterLookupArgs) => Promise<T>,
): pulumi.Output<T> {
  const reference = adapter === undefined ? undefined : referenceTo(adapter);
  // `ref` is known before the adapter is there; its id is not.
  const made = pulumi.CustomResource.isInstance(adapter) ? adapter.id : undefined;
  return pulumi
    .all([host, reference, made])
    .apply(([plain, named]) => lookUp({ host: plain as LookupArgs["host"], adapter: named })) as pulumi.Output<T>;
}
