// Loaded with NODE_OPTIONS into the Node processes of the engine. @pulumi/pulumi loads these when it is loaded, half of its time, and uses them
// only to write a program's functions into state, for TypeScript and for tracing: here they are loaded when they are used.
const Module = require("node:module");

// The host of the programs that can be built from the sdk module (3.60.0) does not read `typescript: false` in Pulumi.yaml.
const { PLAIN_JAVASCRIPT } = process.env;
if (PLAIN_JAVASCRIPT) process.env.PULUMI_NODEJS_TYPESCRIPT = "false";

const late = new Set(["@npmcli/arborist", "@opentelemetry/sdk-trace-node", "normalize-package-data", "typescript"]);
const load = Module._load;

Module._load = function (request, ...rest) {
  if (!late.has(request)) return load.call(this, request, ...rest);
  let loaded;
  const real = () => (loaded ??= load.call(this, request, ...rest));
  return new Proxy(() => undefined, {
    // For a compiled import, which copies the names of what does not say that it is a module.
    get: (_, name) => (name === "__esModule" ? true : real()[name]),
    has: (_, name) => name in real(),
    apply: (_, self, args) => Reflect.apply(real(), self, args),
    construct: (_, args) => Reflect.construct(real(), args),
  });
};
