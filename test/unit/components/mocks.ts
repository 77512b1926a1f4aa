import * as pulumi from "@pulumi/pulumi";

export interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, unknown>;
}

/** What is registered from here on, as a preview sees it: no output of a provider is known. */
export function mocked(): Registered[] {
  const registered: Registered[] = [];
  pulumi.runtime.setMocks(
    {
      newResource: ({ name, type, inputs }) => {
        registered.push({ type: type.split(":").at(-1) ?? "", name, inputs });
        return { id: undefined, state: inputs };
      },
      call: () => ({}),
    },
    "project",
    "stack",
    true,
  );
  return registered;
}

/** Waits until everything that was declared is registered. */
export async function settled(declare: () => unknown): Promise<void> {
  declare();
  // Registrations wait for each other over several turns of the event loop.
  for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
