import {
  type ConfigReader,
  configuredHost,
  type Environment,
  environment,
  environmentName,
  find,
  general,
  lookUp,
  optional,
  own,
  type Place,
} from "./places.js";
import { failure, keepSecret } from "./redact.js";
import { type Endpoint, type Limits, limitsOf, type Sourced } from "./target.js";

/** How a server that speaks the vSphere API is reached. */
export interface EndpointSettings {
  readonly host: string;
  /** Default 443. */
  readonly port?: number | undefined;
  /** Default `root`; of a vCenter `administrator@vsphere.local`. */
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /**
   * SHA-256 of the certificate, or SHA-1 as vCenter shows it, in hexadecimal digits with or without colons; or `insecure-accept-any`. Several with
   * blanks between. Goes before `ca`.
   */
  readonly thumbprint?: string | undefined;
  /** Certificates of authorities, as PEM text. Default: those that Node.js knows. */
  readonly ca?: string | undefined;
  /** How often an unreachable host is dialled again. Default 3. A refused login is never tried again. */
  readonly dialErrorLimit?: number | undefined;
  /** Seconds for one dial: TCP, TLS and login. Default 15. */
  readonly perDialTimeout?: number | undefined;
}

export interface VsphereSettings extends EndpointSettings {
  readonly transport: "vsphere";
  /** The vCenter to go through. Nobody then logs in to the host, which is found by its name, address or managed object id. */
  readonly vcenter?: EndpointSettings | undefined;
  /** Seconds for one command. Default 120. */
  readonly commandTimeout?: number | undefined;
}

/** A host, or a vCenter, with everything that is known of it. */
export interface VsphereTarget extends Endpoint, Limits {
  readonly transport: "vsphere";
  /** The value of a cookie `vmware_soap_session`: somebody has logged in already, and will log out. */
  readonly session?: Sourced;
  readonly thumbprint?: Sourced;
  readonly ca?: Sourced;
  readonly vcenter?: VsphereTarget;
  readonly isVcenter?: true;
}

/** `logsIn`: something must be known to log in with. */
export function resolveVsphere(
  given: VsphereSettings,
  config: ConfigReader,
  env: Environment,
  logsIn = true,
): VsphereTarget {
  const limits = limitsOf(given);
  if (given.vcenter) {
    const { vcenter } = given;
    // The general places speak of ESXi hosts, as for a bastion: a vCenter has accounts of its own, and would count root's password of the hosts as a
    // failed login. An authority is no secret, and the one of a vCenter signs its hosts.
    const places = [environment(env, vcenter.host), own(vcenter, "host.vcenter"), configuredHost(config, vcenter.host)];
    const target: VsphereTarget = {
      ...endpoint(vcenter, places, "administrator@vsphere.local", logsIn, [environment(env), general(config)]),
      ...limitsOf(vcenter, limits),
      isVcenter: true,
    };
    return {
      transport: "vsphere",
      host: given.host,
      port: given.port ?? 443,
      user: target.user,
      ...limits,
      vcenter: target,
    };
  }
  const places = [
    environment(env, given.host),
    environment(env),
    own(given, "host"),
    configuredHost(config, given.host),
    general(config),
  ];
  return { ...endpoint(given, places, "root", logsIn), ...limits };
}

/** `ofAuthorities`: places of which nothing but `ca` is taken. */
function endpoint(
  given: EndpointSettings,
  places: readonly Place[],
  user: string,
  logsIn: boolean,
  ofAuthorities: readonly Place[] = [],
): Omit<VsphereTarget, keyof Limits> {
  const secretPlace = places.find((place) => lookUp(place, "session") ?? lookUp(place, "password"));
  if (logsIn && secretPlace === undefined) throw nothingKnown(given.host, places);
  const secret = (field: "session" | "password") => secretPlace && lookUp(secretPlace, field);
  const session = cookie(secret("session"));
  const password = session === undefined ? secret("password") : undefined;
  for (const secret of [session, password]) keepSecret(secret?.value);
  return {
    transport: "vsphere",
    host: given.host,
    port: given.port ?? 443,
    user: find(places, "user") ?? { value: user, source: "the default" },
    ...optional("session", session),
    ...optional("password", password),
    ...identity(places, ofAuthorities),
  };
}

/** The thumbprint or the authority, whichever stands in the earlier place: they say the same, and the environment's word counts. */
function identity(places: readonly Place[], ofAuthorities: readonly Place[]): Pick<VsphereTarget, "thumbprint" | "ca"> {
  const place = places.find((one) => lookUp(one, "thumbprint") ?? lookUp(one, "ca"));
  const thumbprint = place && lookUp(place, "thumbprint");
  if (thumbprint !== undefined) return { thumbprint };
  return optional("ca", place ? lookUp(place, "ca") : find(ofAuthorities, "ca"));
}

/** A cookie may be given as it was received: `vmware_soap_session="…"; Path=/; …`. */
function cookie(given: Sourced | undefined): Sourced | undefined {
  if (given === undefined) return undefined;
  const value = given.value
    .trim()
    .replace(/^vmware_soap_session=/, "")
    .replace(/;.*$/s, "");
  if (/^[\x21-\x7e]+$/.test(value)) return { ...given, value };
  throw failure("INPUT_INVALID", {
    problem: `The session of ${given.source} is no value of a cookie.`,
    cure: "Give the value of the cookie vmware_soap_session.",
  });
}

function nothingKnown(host: string, places: readonly Place[]) {
  return failure("CREDENTIALS_MISSING", {
    host,
    problem: "No password is known",
    cure: [
      `Set one: password, \`pulumi config set --path --secret 'esxi-iser:hosts["${host}"].password'\`, or ${environmentName("password", host)} in the environment.`,
      "The environment also holds for `pulumi refresh` and `pulumi destroy`, which see the config of the last `up`.",
      `Looked at: ${places.map((place) => place.name("password")).join(", ")}. Keys and agents are of SSH only.`,
    ].join("\n"),
  });
}
