import { builds } from "../model.js";
import { nothing, record, table, value } from "../result.js";
import { type Args, boolean, type CommandSpec, flag, required, string } from "../spec.js";
import { fail, type HostState, type Module } from "../state.js";
import { named } from "../topology.js";

const moduleOption = string("module", "m", "The name of the VMkernel module.", required);

/** Seen on 8.0.2. */
const versionGet: CommandSpec = {
  path: "system version get",
  effect: "read",
  help: "Display the product name, version and build information.",
  options: [],
  run: (host) =>
    record("VersionGet", builds[host.model], {
      Product: () => "VMware ESXi",
      Version: ({ version }) => version,
      Build: ({ build }) => build,
      Update: ({ update }) => update,
      Patch: ({ patch }) => patch,
    }),
};

const hostnameGet: CommandSpec = {
  path: "system hostname get",
  effect: "read",
  help: "Get the host, domain or fully qualified name of the ESX host.",
  options: [],
  run: (host) =>
    record<HostState>("FullyQualifiedHostName", host, {
      "Domain Name": ({ domain }) => domain,
      "Fully Qualified Domain Name": ({ hostName, domain }) => (domain === "" ? hostName : `${hostName}.${domain}`),
      "Host Name": ({ hostName }) => hostName,
    }),
};

/** The number of microseconds since the start. ESXCLI reference 8.0.2 */
const uptimeGet: CommandSpec = {
  path: "system stats uptime get",
  effect: "read",
  help: "Display the number of microseconds the system has been running.",
  options: [],
  run: (host) => value((host.clock - host.bootedAt) * 1000),
};

const timeGet: CommandSpec = {
  path: "system time get",
  effect: "read",
  help: "Display the current system time.",
  options: [],
  run: (host) => value(`${new Date(host.clock).toISOString().slice(0, 19)}Z`),
};

const moduleList: CommandSpec = {
  path: "system module list",
  effect: "read",
  help: "List the VMkernel modules that the system knows about.",
  options: [
    boolean("loaded", "l", "Restrict the list to modules that are loaded, or not loaded."),
    boolean("enabled", "e", "Restrict the list to modules that are enabled, or not enabled."),
  ],
  run: (host, args) => {
    const fits = (option: string, is: boolean) => (args.boolean(option) ?? is) === is;
    const shown = host.modules.filter(({ loaded, enabled }) => fits("loaded", loaded) && fits("enabled", enabled));
    return table<Module>("Module", shown, {
      Name: ({ name }) => name,
      "Is Loaded": ({ loaded }) => loaded,
      "Is Enabled": ({ enabled }) => enabled,
    });
  },
};

const moduleLoad: CommandSpec = {
  path: "system module load",
  effect: "write",
  help: "Load a VMkernel module with the given name if it is enabled.",
  options: [
    moduleOption,
    flag("force", "f", "Ignore the disabled/enabled checks and force the loading of the module."),
  ],
  run: (host, args) => {
    const module = moduleGiven(host, args);
    if (module.loaded) fail(`Unable to load module ${module.name}: Busy`);
    if (!module.enabled && !args.flag("force")) fail(`Module ${module.name} is disabled, use --force to load.`);
    module.loaded = true;
    module.active = { ...module.options };
    return nothing;
  },
};

/** Counts from the next boot. */
const moduleSet: CommandSpec = {
  path: "system module set",
  effect: "write",
  help: "Allow enabling and disabling of a given VMkernel module.",
  options: [
    moduleOption,
    boolean("enabled", "e", "Set to true to enable the module, set to false to disable it.", required),
    flag("force", "f", "Skip the VMkernel module validity checks."),
  ],
  run: (host, args) => {
    const module = moduleGiven(host, args);
    module.enabled = args.boolean("enabled") ?? module.enabled;
    return nothing;
  },
};

/** What is configured, not what is loaded: right after a set it shows the new value (seen on 6.0). */
const parametersList: CommandSpec = {
  path: "system module parameters list",
  effect: "read",
  help: "List the module parameters for a given module name.",
  options: [moduleOption],
  run: (host, args) => {
    const { parameters, options } = moduleGiven(host, args);
    return table<Module["parameters"][number]>("ModuleParameter", parameters, {
      Name: ({ name }) => name,
      Type: ({ type }) => type,
      Value: ({ name }) => shown(options[name] ?? "", host.unknowns.moduleValues),
      Description: ({ description }) => description,
    });
  },
};

function shown(value: string, as: "asGiven" | "decimal"): string {
  return as === "decimal" && /^0x[0-9a-f]+$/i.test(value) ? String(Number(value)) : value;
}

/** Without `--append` the whole string is replaced. 6.7.0. The text for a parameter that is not there is not known. */
const parametersSet: CommandSpec = {
  path: "system module parameters set",
  effect: "write",
  help: "Set the parameters to use for the given module when it is loaded.",
  options: [
    moduleOption,
    string("parameter-string", "p", "The parameter string to be set for this module, name=value pairs.", required),
    flag("append", "a", "Append the parameters to the already set parameters of the module."),
    flag("force", "f", "Skip the VMkernel module validity checks."),
  ],
  run: (host, args) => {
    const module = moduleGiven(host, args);
    const pairs = args.required("parameter-string").split(/\s+/).filter(Boolean).map(pair);
    const unknown = pairs.find(([name]) => !named(module.parameters, name));
    if (unknown && !args.flag("force"))
      fail(`Unable to set module parameters the following params are invalid: ${unknown[0]}`);
    module.options = { ...(args.flag("append") ? module.options : {}), ...Object.fromEntries(pairs) };
    return nothing;
  },
};

function pair(text: string): readonly [string, string] {
  const at = text.indexOf("=");
  return at < 0 ? fail(`Invalid parameter string: ${text}`) : [text.slice(0, at), text.slice(at + 1)];
}

function moduleGiven(host: HostState, args: Args): Module {
  const name = args.required("module");
  return named(host.modules, name) ?? fail(`unknown module '${name}'`);
}

export const systemCommands = [
  versionGet,
  hostnameGet,
  uptimeGet,
  timeGet,
  moduleList,
  moduleLoad,
  moduleSet,
  parametersList,
  parametersSet,
];
