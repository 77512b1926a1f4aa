/** The direction of imports: components → resources → esxcli; resources → transport; transport → esxcli/command (types); cli → all; policy and mocks for users only. */
const only = (name, from, to, extra = {}) => ({
  name,
  severity: "error",
  from: { path: from },
  to: { path: "^src/", pathNot: to, ...extra },
});

module.exports = {
  forbidden: [
    {
      name: "no cycles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    only("the simulator imports nothing of the product", "^src/simulator/", "^src/simulator/"),
    {
      name: "the product imports nothing of the simulator",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(simulator|cli|mocks)/" },
      to: { path: "^src/simulator/" },
    },
    only("errors.ts stands alone", "^src/errors\\.ts$", "^$"),
    only("xml.ts stands alone", "^src/xml\\.ts$", "^$"),
    only("esxcli does no I/O and knows no resource", "^src/esxcli/", "^src/(esxcli/|(errors|xml)\\.ts$)"),
    only(
      "transport knows commands, nothing else",
      "^src/transport/",
      "^src/(transport/|(errors|xml)\\.ts$|esxcli/command\\.ts$)",
    ),
    {
      name: "transport takes only the types of commands",
      severity: "error",
      from: { path: "^src/transport/" },
      to: { path: "^src/esxcli/", dependencyTypesNot: ["type-only"] },
    },
    only("resources know esxcli", "^src/resources/", "^src/(resources|esxcli|transport)/|^src/errors\\.ts$"),
    {
      name: "only what works with a host knows transport",
      severity: "error",
      from: { path: "^src/resources/", pathNot: "^src/resources/(hostWork|readings|reach)\\.ts$" },
      to: { path: "^src/transport/" },
    },
    only("components put resources together", "^src/components/", "^src/(components|resources)/|^src/errors\\.ts$"),
    only(
      "functions read what resources know",
      "^src/functions/",
      "^src/(functions|resources|esxcli)/|^src/errors\\.ts$",
    ),
    only(
      "policies judge what is declared",
      "^src/policy/",
      "^src/(policy|resources|esxcli)/|^src/transport/(credentials|places)\\.ts$|^src/errors\\.ts$",
    ),
    only(
      "mocks let the product work on simulated hosts",
      "^src/mocks/",
      "^src/(mocks|functions|resources|esxcli|transport|simulator)/|^src/errors\\.ts$",
    ),
    {
      name: "nothing needs policies or mocks",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(policy|mocks)/" },
      to: { path: "^src/(policy|mocks)/" },
    },
    {
      name: "policies take only the types of @pulumi/policy",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^node_modules/@pulumi/policy/", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "no library outside package.json",
      severity: "error",
      from: { path: "^src/" },
      to: {
        dependencyTypes: ["npm-dev", "npm-no-pkg", "unknown", "undetermined"],
        pathNot: "^node_modules/@pulumi/(pulumi|policy)/",
      },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
  },
};
