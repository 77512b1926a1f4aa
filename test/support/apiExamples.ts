import * as exported from "../../src/index.js";
import { documents, read } from "./markdown.js";

/** What the examples in the docstrings leave to the reader. */
const given = {
  adapter: "IserAdapter",
  array: "DiscoveryAddress",
  binding: "PortBinding",
  config: "pulumi.Config",
  host: "string",
};

/** The examples of the API reference, each as a program of its own. Those of the simulator are in tests of their own. */
export function examplesOf(): string[] {
  const values = Object.keys(exported).join(", ");
  const imports = `import * as pulumi from "@pulumi/pulumi";\nimport { ${values} } from "pulumi-esxi-iser";`;
  return documents()
    .filter((file) => file.startsWith("docs/api/index/"))
    .flatMap((file) =>
      [...read(file).matchAll(/^#+ Examples?\n\n```ts\n([\s\S]*?)^```/gm)].map(([, text = ""]) => text),
    )
    .map((text) => [imports, ...missingIn(text), "export {};", text].join("\n"));
}

function missingIn(text: string): string[] {
  return Object.entries(given)
    .filter(([name]) => !new RegExp(`const \\{?.*\\b${name}\\b.*=`).test(text))
    .map(([name, type]) => `declare const ${name}: ${type};`);
}
