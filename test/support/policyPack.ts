import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { Stack } from "../../tools/engine/pulumi.js";

const repository = join(__dirname, "../..");

/**
 * A policy pack in a folder of its own, with the package as it is built here.
 *
 * The CLI has a language host start a pack, which the last one that can be built from the Go modules (3.60) does not do. For a runtime without a language host
 * the CLI (3.259) runs `pulumi-analyzer-policy-<runtime>`, as it once did for all; this one does what Pulumi's own script for Node did.
 */
export class PolicyPackFolder {
  readonly folder = mkdtempSync(join(tmpdir(), "esxi-iser-policy-"));
  private readonly bin = join(this.folder, "bin");

  constructor(program: string) {
    for (const name of ["bin", "node_modules/@pulumi", "node_modules/@types"])
      mkdirSync(join(this.folder, name), { recursive: true });
    symlinkSync(repository, join(this.folder, "node_modules/pulumi-esxi-iser"));
    for (const name of ["@pulumi/pulumi", "@pulumi/policy", "@types/node", "typescript"])
      symlinkSync(join(repository, "node_modules", name), join(this.folder, "node_modules", name));
    const launcher = join(this.bin, "pulumi-analyzer-policy-launched");
    writeFileSync(
      launcher,
      `#!/bin/sh\nexec node "$(node -p 'require.resolve("@pulumi/pulumi/cmd/run-policy-pack")')" "$@"\n`,
    );
    chmodSync(launcher, 0o755);
    writeFileSync(join(this.folder, "index.ts"), program);
    writeFileSync(join(this.folder, "PulumiPolicy.yaml"), "runtime: launched\nmain: index.ts\n");
    writeFileSync(join(this.folder, "package.json"), JSON.stringify({ name: "policies", version: "1.0.0" }));
    writeFileSync(
      join(this.folder, "tsconfig.json"),
      JSON.stringify({
        compilerOptions: {
          module: "node16",
          moduleResolution: "node16",
          target: "es2022",
          strict: true,
          skipLibCheck: true,
        },
      }),
    );
  }

  /** For a command of a stack. `configuration`: of the pack, by policy. */
  options({ env }: Stack, configuration?: object): { args: string[]; env: { PATH: string } } {
    const file = join(this.folder, "configuration.json");
    if (configuration !== undefined) writeFileSync(file, JSON.stringify(configuration));
    return {
      args: ["--policy-pack", this.folder, ...(configuration === undefined ? [] : ["--policy-pack-config", file])],
      env: { PATH: [this.bin, env.PATH].join(delimiter) },
    };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
