const { readFileSync } = require("node:fs");
const pulumi = require("@pulumi/pulumi");

const declared = JSON.parse(readFileSync(new pulumi.Config().require("declaration"), "utf8"));
require(`./${declared.side}`).declare(declared);
