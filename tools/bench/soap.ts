import { Agent, request } from "node:https";

const envelope = "http://schemas.xmlsoap.org/soap/envelope/";

/** A session of the vSphere API of a host, in as few steps as the API has; the certificate is not looked at. */
export class SoapSession {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
  private cookie: string | undefined;
  private executer: readonly [string, string] = ["", ""];

  private constructor(private readonly port: number) {}

  static async open(port: number, user: string, password: string): Promise<SoapSession> {
    const session = new SoapSession(port);
    await session.call("RetrieveServiceContent", ["ServiceInstance", "ServiceInstance"]);
    const login = `<userName>${user}</userName><password>${password}</password>`;
    await session.call("Login", ["SessionManager", "ha-sessionmgr"], login);
    const answer = await session.call("RetrieveManagedMethodExecuter", ["HostSystem", "ha-host"]);
    const [, type = "", id = ""] = /<returnval type="([^"]*)"[^>]*>([^<]*)</.exec(answer) ?? [];
    session.executer = [type, id];
    return session;
  }

  /** A command that only reads. */
  async command(): Promise<void> {
    const command = "<moid>ha-cli-handler-system-hostname</moid><version>urn:vim25/5.0</version>";
    await this.call("ExecuteSoap", this.executer, `${command}<method>vim.EsxCLI.system.hostname.get</method>`);
  }

  close(): void {
    this.agent.destroy();
  }

  private call(method: string, [type, id]: readonly [string, string], inner = ""): Promise<string> {
    const call = `<${method} xmlns="urn:vim25"><_this type="${type}">${id}</_this>${inner}</${method}>`;
    const headers = { SOAPAction: "urn:vim25/8.0", ...(this.cookie === undefined ? {} : { Cookie: this.cookie }) };
    const to = { host: "127.0.0.1", port: this.port, path: "/sdk", method: "POST", agent: this.agent, headers };
    return new Promise((resolve, reject) => {
      const sent = request(to, (answer) => {
        this.cookie = answer.headers["set-cookie"]?.[0]?.split(";")[0] ?? this.cookie;
        let text = "";
        answer.setEncoding("utf8");
        answer.on("data", (chunk: string) => {
          text += chunk;
        });
        answer.on("error", reject);
        answer.on("end", () => {
          if (answer.statusCode === 200) resolve(text);
          else reject(new Error(`${method} was answered with ${answer.statusCode}: ${text}`));
        });
      });
      sent.on("error", reject);
      sent.end(`<Envelope xmlns="${envelope}"><Body>${call}</Body></Envelope>`);
    });
  }
}
