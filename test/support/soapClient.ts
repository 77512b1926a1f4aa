import assert from "node:assert/strict";
import { Agent, request } from "node:https";
import type { VsphereEndpoint } from "../../src/simulator/index.js";
import type { Element } from "../../src/xml.js";
import { type Oracle, startOracle } from "./xmlOracle.js";

export interface SoapAnswer {
  readonly status: number;
  /** The element in the body. */
  readonly body: Element;
}

/** A small client of the vSphere API, for tests of the simulator: nothing of it is the product's, and libxml2 reads what comes. */
export class SoapClient {
  cookie: string | undefined;
  private readonly agent: Agent;

  private constructor(
    readonly endpoint: VsphereEndpoint,
    readonly xml: Oracle,
  ) {
    this.agent = new Agent({ keepAlive: true, ca: endpoint.certificate });
  }

  static async open(endpoint: VsphereEndpoint): Promise<SoapClient> {
    return new SoapClient(endpoint, await startOracle());
  }

  close(): void {
    this.agent.destroy();
  }

  /** `self` is `Type:id`; `inner` is XML. */
  async call(method: string, self: string, inner = ""): Promise<SoapAnswer> {
    const [type, id] = self.split(/:(.*)/s);
    const call = `<${method} xmlns="urn:vim25"><_this type="${type}">${id}</_this>${inner}</${method}>`;
    return this.post(
      `<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><Body>${call}</Body></Envelope>`,
    );
  }

  async post(text: string): Promise<SoapAnswer> {
    const { status, body } = await this.exchange("POST", "/sdk", text);
    const document = this.xml(body);
    assert.ok(document, `it is no XML: ${body}`);
    const [element] = find(document, "Body").children;
    assert.ok(element);
    return { status, body: element };
  }

  exchange(method: string, path: string, text = ""): Promise<{ status: number; body: string }> {
    const { address: host, port } = this.endpoint;
    const headers = { SOAPAction: "urn:vim25/8.0", ...(this.cookie ? { Cookie: this.cookie } : {}) };
    return new Promise((resolve, reject) => {
      const sent = request({ host, port, path, method, agent: this.agent, headers }, (response) => {
        const chunks: Buffer[] = [];
        const [set] = response.headers["set-cookie"] ?? [];
        if (set) this.cookie = set.split(";")[0];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString("utf8") }),
        );
      });
      sent.on("error", reject);
      sent.end(text);
    });
  }

  login(password = this.endpoint.password, user = this.endpoint.user): Promise<SoapAnswer> {
    const manager = user === "root" ? "ha-sessionmgr" : "SessionManager";
    return this.call("Login", `SessionManager:${manager}`, texts({ userName: user, password }));
  }

  /** Runs a command: its arguments are texts, each of one or more values. */
  execute(path: string, given: Readonly<Record<string, string | readonly string[]>> = {}, host = "ha-host") {
    const words = path.split(" ");
    const values = Object.entries(given).map(([name, value]) => {
      const elements = [value].flat().map((one) => `<${name}>${escaped(one)}</${name}>`);
      return [name, elements.join("")] as const;
    });
    return this.executeRaw(
      `ha-cli-handler-${words.slice(0, -1).join("-")}`,
      `vim.EsxCLI.${words.join(".")}`,
      values,
      host,
    );
  }

  /** `given`: names, and what their `val` is once it has been read out of the envelope. */
  executeRaw(
    moid: string,
    method: string,
    given: readonly (readonly [string, string])[] = [],
    host = "ha-host",
    version = "urn:vim25/5.0",
  ): Promise<SoapAnswer> {
    const all = given.map(([name, val]) => `<argument>${texts({ name, val })}</argument>`);
    const executer = `ReflectManagedMethodExecuter:method-executer-${host}`;
    return this.call("ExecuteSoap", executer, texts({ moid, version, method }) + all.join(""));
  }

  /** The document that a call answers, or undefined where it has no result. */
  response({ status, body }: SoapAnswer): Element | undefined {
    assert.deepEqual([status, names(body, "fault")], [200, []], JSON.stringify(body));
    const [text] = names(body, "response").map((one) => one.text);
    return text === undefined ? undefined : this.xml(text);
  }

  /** The fault in the answer of ExecuteSoap: its message, its type, and the texts of its properties. */
  fault({ status, body }: SoapAnswer): readonly [string, string, ...string[]] {
    assert.equal(status, 200, JSON.stringify(body));
    const detail = this.xml(find(body, "faultDetail").text);
    assert.ok(detail);
    const inner = find(detail, "fault");
    return [find(body, "faultMsg").text, inner.attributes["xsi:type"] ?? "", ...inner.children.map(({ text }) => text)];
  }
}

/** The type of the fault that a call was refused with. */
export function refusal({ status, body }: SoapAnswer): string {
  assert.equal(status, 500, JSON.stringify(body));
  return find(body, "detail").children[0]?.attributes["xsi:type"] ?? "";
}

/** All elements below one with a name, wherever they are. */
export function names(element: Element, name: string): Element[] {
  const inner = element.children.flatMap((child) => names(child, name));
  return element.tag.replace(/^.*:/, "") === name ? [element, ...inner] : inner;
}

export function find(element: Element, name: string): Element {
  const [found] = names(element, name);
  assert.ok(found, `no <${name}> in ${JSON.stringify(element)}`);
  return found;
}

export function texts(all: Readonly<Record<string, string>>): string {
  return Object.entries(all)
    .map(([name, text]) => `<${name}>${escaped(text)}</${name}>`)
    .join("");
}

export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("\r", "&#13;");
}
