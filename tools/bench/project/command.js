const { Client } = require("ssh2");

/** One connection a command, as @pulumi/command has it; and in its favour, no login method is tried in vain and no host key is looked at. */
function run({ port, user, line, stdin }) {
  return new Promise((resolve, reject) => {
    const client = new Client();
    let output = "";
    const keep = (chunk) => {
      output += chunk;
    };
    client.on("error", reject);
    client.on("connect", () => client.setNoDelay(true));
    client.on("keyboard-interactive", (_name, _instructions, _language, _prompts, answer) =>
      answer([process.env.ESXI_ISER_PASSWORD]),
    );
    client.on("ready", () =>
      client.exec(line, (error, channel) => {
        if (error) return reject(error);
        channel.on("data", keep);
        channel.stderr.on("data", keep);
        channel.on("close", (status) => {
          client.end();
          if (status === 0) resolve(output);
          else reject(new Error(`\`${line}\` ended with ${status}: ${output}`));
        });
        channel.end(stdin);
      }),
    );
    client.connect({
      host: "127.0.0.1",
      port,
      username: user,
      tryKeyboard: true,
      authHandler: ["keyboard-interactive"],
    });
  });
}

let made = 0;
exports.Command = {
  async create(inputs) {
    const stdout = await run(inputs);
    made += 1;
    return { id: String(made), outs: { ...inputs, stdout } };
  },
};
