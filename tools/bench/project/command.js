const { login } = require("./login.js");

/** One connection a command, as @pulumi/command has it, and in its favour the quickest login. */
async function run({ port, user, line, stdin }) {
  const client = await login({ port, user, password: process.env.ESXI_ISER_PASSWORD });
  return new Promise((resolve, reject) => {
    let output = "";
    const keep = (chunk) => {
      output += chunk;
    };
    client.on("error", reject);
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
