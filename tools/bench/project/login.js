const { Client } = require("ssh2");

/** A connection that is logged in; no login method is tried in vain, and no host key is looked at. */
exports.login = ({ port, user, password }) =>
  new Promise((resolve, reject) => {
    const client = new Client();
    client.on("error", reject);
    client.on("connect", () => client.setNoDelay(true));
    client.on("keyboard-interactive", (_name, _instructions, _language, _prompts, answer) => answer([password]));
    client.on("ready", () => resolve(client));
    client.connect({
      host: "127.0.0.1",
      port,
      username: user,
      tryKeyboard: true,
      authHandler: ["keyboard-interactive"],
    });
  });
