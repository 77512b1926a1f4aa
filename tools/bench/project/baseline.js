const pulumi = require("@pulumi/pulumi");

const text = 'exports.handler=()=>require(process.cwd()+"/command").Command';
const password = process.env.ESXI_ISER_PASSWORD;

function command(name, { port, user, line, stdin }, opts) {
  const connection = pulumi.secret({ host: "127.0.0.1", port, user, password });
  const input = stdin === undefined ? {} : { stdin: pulumi.secret(stdin) };
  return new pulumi.CustomResource("command:remote:Command", name, { connection, create: line, ...input }, opts);
}

function equivalent(name, { port, user, line, stdin }, opts) {
  const input = stdin === undefined ? {} : { stdin: pulumi.secret(stdin) };
  const type = "pulumi-nodejs:dynamic/bench:Command";
  return new pulumi.CustomResource(type, name, { __provider: text, port, user, line, ...input }, opts);
}

/** A resource a command. */
exports.declare = ({ provider, user, hosts }) => {
  const make = provider === "command" ? command : equivalent;
  for (const [host, { port, nodes }] of hosts.entries()) {
    const made = [];
    for (const { name, after, line, stdin } of nodes) {
      const dependsOn = after.map((index) => made[index]);
      made.push(make(`${name}-${host}`, { port, user, line, stdin }, { dependsOn }));
    }
  }
};
