import { resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";

export interface MockRunArgs {
  readonly program: string;
  readonly project: string;
  readonly config: Readonly<Record<string, string>>;
  readonly preview: boolean;
  /** By type, what a resource has beside its inputs, and by token, what a function returns. In a preview, all else is unknown. */
  readonly answers: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** What a program registered, in Pulumi's own marking of what is secret or unknown. */
export interface MockRun {
  readonly resources: readonly {
    readonly type: string;
    readonly name: string;
    readonly inputs: Readonly<Record<string, unknown>>;
  }[];
  /** Those that are known. */
  readonly outputs: Readonly<Record<string, unknown>>;
}

/**
 * Runs a program with Pulumi's own mocks. This file is a program: its argument is MockRunArgs and it prints MockRun, both as JSON. In a process of
 * its own, for what is mocked is mocked for the whole process.
 */
async function run({ program, project, config, preview, answers }: MockRunArgs): Promise<MockRun> {
  const resources: MockRun["resources"][number][] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        resources.push({ type, name, inputs });
        return { id: preview ? undefined : `${name}-id`, state: { ...inputs, ...answers[type] } };
      },
      call: ({ token, inputs }) => ({ ...inputs, ...answers[token] }),
    },
    project,
    "dev",
    preview,
  );
  for (const [key, value] of Object.entries(config)) pulumi.runtime.setConfig(`${project}:${key}`, value);
  const outputs: Record<string, unknown> = {};
  for (const [name, exported] of Object.entries(require(resolve(program)) as Record<string, unknown>)) {
    const output = pulumi.output(exported) as unknown as { promise(): Promise<unknown>; isKnown: Promise<boolean> };
    if (await output.isKnown) outputs[name] = await output.promise();
  }
  await pulumi.runtime.disconnect();
  return { resources, outputs };
}

run(JSON.parse(process.argv[2] ?? "") as MockRunArgs).then(
  (done) => process.stdout.write(JSON.stringify(done)),
  (error: unknown) => {
    process.stderr.write(String(error instanceof Error ? error.stack : error));
    process.exitCode = 1;
  },
);
