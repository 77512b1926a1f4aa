import { createSign, generateKeyPairSync, randomBytes, X509Certificate } from "node:crypto";
import { isIPv4 } from "node:net";
import { Ber, BerWriter } from "asn1";

const commonName = "2.5.4.3";
const ecdsaWithSha256 = "1.2.840.10045.4.3.2";
const subjectAltName = "2.5.29.17";
/** Tags that stand for something only where they are: version, extensions, a name and an address of the subject. */
const tags = { version: 0xa0, extensions: 0xa3, dnsName: 0x82, ipAddress: 0x87 } as const;
const year = 365 * 24 * 60 * 60 * 1000;

/** A key and a certificate that it has signed itself, as a host has them after its installation. */
export interface Identity {
  /** PEM. */
  readonly key: string;
  /** PEM. */
  readonly certificate: string;
  /** SHA-256: `AA:BB:…`. */
  readonly thumbprint: string;
  /** SHA-1, the same way. */
  readonly sha1Thumbprint: string;
}

/** Makes a new one: EC P-256, because an RSA key takes long to make. It is of the given names and IPv4 addresses. */
export function newIdentity(names: readonly [string, ...string[]]): Identity {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const contents = toBeSigned(names, publicKey.export({ type: "spki", format: "der" }));
  const signature = createSign("sha256").update(contents).sign(privateKey);
  const der = written((writer) => {
    writer.startSequence();
    writeRaw(writer, contents);
    writeAlgorithm(writer);
    writer.writeBuffer(Buffer.concat([Buffer.of(0), signature]), Ber.BitString);
    writer.endSequence();
  });
  const certificate = new X509Certificate(der);
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    certificate: certificate.toString(),
    thumbprint: certificate.fingerprint256,
    sha1Thumbprint: certificate.fingerprint,
  };
}

/** TBSCertificate of RFC 5280. */
function toBeSigned(names: readonly [string, ...string[]], publicKey: Buffer): Buffer {
  const now = Date.now();
  return written((writer) => {
    writer.startSequence();
    writer.startSequence(tags.version);
    writer.writeInt(2);
    writer.endSequence();
    // Positive, whatever the bytes are.
    writer.writeBuffer(Buffer.concat([Buffer.of(1), randomBytes(8)]), Ber.Integer);
    writeAlgorithm(writer);
    writeName(writer, names[0]);
    writer.startSequence();
    for (const time of [now - year, now + 5 * year]) writer.writeString(utcTime(time), Ber.UTCTime);
    writer.endSequence();
    writeName(writer, names[0]);
    writeRaw(writer, publicKey);
    writer.startSequence(tags.extensions);
    writer.startSequence();
    writer.startSequence();
    writer.writeOID(subjectAltName, Ber.OID);
    writer.writeBuffer(alternatives(names), Ber.OctetString);
    writer.endSequence();
    writer.endSequence();
    writer.endSequence();
    writer.endSequence();
  });
}

function writeAlgorithm(writer: BerWriter): void {
  writer.startSequence();
  writer.writeOID(ecdsaWithSha256, Ber.OID);
  writer.endSequence();
}

function writeName(writer: BerWriter, name: string): void {
  writer.startSequence();
  writer.startSequence(Ber.Set | Ber.Constructor);
  writer.startSequence();
  writer.writeOID(commonName, Ber.OID);
  writer.writeString(name, Ber.Utf8String);
  writer.endSequence();
  writer.endSequence();
  writer.endSequence();
}

function alternatives(names: readonly string[]): Buffer {
  return written((writer) => {
    writer.startSequence();
    for (const name of new Set(names)) {
      if (isIPv4(name)) writer.writeBuffer(Buffer.from(name.split(".").map(Number)), tags.ipAddress);
      else writer.writeString(name, tags.dnsName);
    }
    writer.endSequence();
  });
}

/** `240115080000Z` */
function utcTime(time: number): string {
  return `${new Date(time).toISOString().replace(/\D/g, "").slice(2, 14)}Z`;
}

/** What is DER already: the writer takes it byte by byte. */
function writeRaw(writer: BerWriter, der: Buffer): void {
  for (const byte of der) writer.writeByte(byte);
}

function written(write: (writer: BerWriter) => void): Buffer {
  const writer = new BerWriter();
  write(writer);
  return writer.buffer;
}
